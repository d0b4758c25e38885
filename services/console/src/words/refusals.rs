//! Why something was not done, by the stable name of the rule, in Chinese. In English, and where a rule is not here, the service's
//! own words are shown, which also name who and when.

use crate::language::Language;

macro_rules! rules {
    ($($rule:literal: $hans:literal, $hant:literal;)*) => {
        const HANS: &[(&str, &str)] = &[$(($rule, $hans),)*];
        const HANT: &[(&str, &str)] = &[$(($rule, $hant),)*];

        #[cfg(test)]
        pub const ALL: &[(&str, [&str; 3])] = &[$(($rule, [$hans, $hant, $rule]),)*];
    };
}

rules! {
    "required": "请填写此项", "請填寫此項";
    "text-length": "字数不合要求：不能为空，也不能超过上限", "字數不合要求：不能為空，也不能超過上限";
    "known-category": "没有这个类别", "沒有這個類別";
    "known-party": "没有这个单位", "沒有這個單位";
    "known-channel": "没有这个渠道", "沒有這個渠道";
    "known-rating": "没有这一档评价", "沒有這一檔評價";
    "opaque-reference": "代号只能用字母、数字和 - _ . : / + =，不能是姓名或电话", "代號只能用字母、數字和 - _ . : / + =，不能是姓名或電話";
    "reason-required": "须写明理由", "須寫明理由";
    "decimal-0-to-1": "请填 0 到 1 之间的数，最多两位小数", "請填 0 到 1 之間的數，最多兩位小數";
    "case-id": "编号不对：可能看错了一个字符", "編號不對：可能看錯了一個字元";
    "timestamp": "请填写日期和时间", "請填寫日期和時間";
    "no-such-case": "没有这件诉求", "沒有這件訴求";
    "too-many-notes": "同一人或同一单位在一件诉求上补充的次数已满", "同一人或同一單位在一件訴求上補充的次數已滿";
    "closed": "这件诉求已经结束", "這件訴求已經結束";
    "case-ended": "这件诉求已经结束", "這件訴求已經結束";
    "filed": "这件诉求已经结束并归档", "這件訴求已經結束並歸檔";
    "resolved-already": "已经答复过了", "已經答覆過了";
    "answered": "已经答复过了", "已經答覆過了";
    "not-resolved": "还没有办结", "還沒有辦結";
    "not-the-owner": "这件诉求现在不由您的单位办理", "這件訴求現在不由您的單位辦理";
    "wrong-level": "该单位不属于这一级", "該單位不屬於這一級";
    "not-inward": "只能交给本街道内的单位", "只能交給本街道內的單位";
    "not-to-order": "该单位不接受交办", "該單位不接受交辦";
    "already-there": "已经在该单位", "已經在該單位";
    "not-upwards": "只能上报到上一级", "只能上報到上一級";
    "transfer-instead": "移交市级请用“移交市级”", "移交市級請用「移交市級」";
    "no-such-call": "没有这次呼叫", "沒有這次呼叫";
    "call-over": "这次呼叫已经结束", "這次呼叫已經結束";
    "not-called": "该单位没有被呼叫", "該單位沒有被呼叫";
    "called-already": "该单位已被呼叫", "該單位已被呼叫";
    "nobody-to-call": "没有可以呼叫的单位", "沒有可以呼叫的單位";
    "responded-already": "已经响应过了", "已經響應過了";
    "reported-in-already": "已经报到过了", "已經報到過了";
    "not-in-charge": "报到的人须负责此事并能当场作主", "報到的人須負責此事並能當場作主";
    "not-reported-in": "还没有报到", "還沒有報到";
    "done-already": "已经办结过了", "已經辦結過了";
    "released-already": "已经放行", "已經放行";
    "no-such-task": "没有这项任务", "沒有這項任務";
    "anothers-task": "这是别的单位的任务", "這是別的單位的任務";
    "task-done-already": "任务已经完成", "任務已經完成";
    "task-blocked": "须先完成在它之前的任务", "須先完成在它之前的任務";
    "task-open": "还有任务没有完成", "還有任務沒有完成";
    "not-concerned": "此事与该单位无关", "此事與該單位無關";
    "call-open": "还有呼叫没有结束", "還有呼叫沒有結束";
    "joint-operation": "正在联合执法", "正在聯合執法";
    "returned-already": "已经退过一次", "已經退過一次";
    "returns-final": "已终局裁定，不能再退单", "已終局裁定，不能再退單";
    "nothing-returned": "没有待裁定的退单", "沒有待裁定的退單";
    "not-the-adjudicator": "这次退单不由您裁定", "這次退單不由您裁定";
    "returned-to-itself": "不能退给本单位自己", "不能退給本單位自己";
    "not-above": "只有上级可以这样做", "只有上級可以這樣做";
    "extended-already": "已经延长过一次", "已經延長過一次";
    "ran-out": "期限已过，不能再延长", "期限已過，不能再延長";
    "not-later": "新的期限须晚于原来的期限", "新的期限須晚於原來的期限";
    "suspended-already": "已在暂缓中", "已在暫緩中";
    "not-suspended": "没有暂缓", "沒有暫緩";
    "no-such-supervision": "没有这道督办", "沒有這道督辦";
    "anothers-supervision": "这道督办不是给您的单位的", "這道督辦不是給您的單位的";
    "supervision-answered": "这道督办已经回复", "這道督辦已經回覆";
    "evidence-needed": "须附上证明材料的编号才能办结", "須附上證明材料的編號才能辦結";
    "goes-round": "会绕回原处，不能这样移交", "會繞回原處，不能這樣移交";
    "admitted-already": "已经准入", "已經准入";
    "not-admitted": "此事不在社区清单内，须先准入", "此事不在社區清單內，須先准入";
    "root-cause-needed": "反复出现的问题，须先查明根因", "反覆出現的問題，須先查明根因";
    "finding-needed": "须写明查到的根因", "須寫明查到的根因";
    "call-needed": "须先呼叫部门", "須先呼叫部門";
    "withdrawn": "诉求人已经撤回", "訴求人已經撤回";
    "others-joined": "还有其他人反映同一件事，不能撤回", "還有其他人反映同一件事，不能撤回";
    "excluded": "已不计入考核", "已不計入考核";
    "merged": "已并入另一件诉求", "已併入另一件訴求";
    "not-earlier": "只能并入更早的诉求", "只能併入更早的訴求";
    "into-closed": "那件诉求已经结束", "那件訴求已經結束";
    "exclusion-not-proposed": "还没有人提议", "還沒有人提議";
    "second-person-needed": "须由另一个人同意", "須由另一個人同意";
    "staff-number-needed": "令牌中须有工号", "令牌中須有工號";
    "claimed-by-another": "已有别人在研判", "已有別人在研判";
    "judged-already": "已经研判过了", "已經研判過了";
    "not-judged-yet": "还没有研判", "還沒有研判";
    "same-judgement": "与现在的研判相同", "與現在的研判相同";
    "above-the-street": "已在街道之上，街道不能改派", "已在街道之上，街道不能改派";
    "already-rated": "已经评价过了", "已經評價過了";
    "party-already-rated": "这个单位已经评价过了", "這個單位已經評價過了";
    "rating-lapsed": "评价期已过", "評價期已過";
    "nobody-called": "没有呼叫过任何单位", "沒有呼叫過任何單位";
    "not-the-calling-party": "由呼叫的单位来评价", "由呼叫的單位來評價";
    "called-back-enough": "回访次数已满", "回訪次數已滿";
    "own-work": "答复的单位不能自己回访", "答覆的單位不能自己回訪";
}

/// The words for a rule; none: the service's own are shown.
pub fn rule(language: Language, name: &str) -> Option<&'static str> {
    let known = match language {
        Language::Hans => HANS,
        Language::Hant => HANT,
        Language::English => return None,
    };
    known.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// The name of the rule at the end of a refusal's sentence, in brackets; empty without one.
pub fn named_in(sentence: &str) -> &str {
    sentence.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_by_its_rule_where_there_are_words_for_it() {
        let said = "who reports in must be in charge of the matter (not-in-charge)";
        assert_eq!(rule(Language::Hans, named_in(said)), Some("报到的人须负责此事并能当场作主"));
        assert_eq!(rule(Language::English, named_in(said)), None);
        assert_eq!(named_in("no rule is named"), "");
    }
}

//! Why something was not done, by the stable name of the rule. What is not here is said in the service's own words.

use crate::language::Language;

macro_rules! rules {
    ($($rule:literal: $hans:literal, $hant:literal, $english:literal;)*) => {
        const fn rules(language: Language) -> &'static [(&'static str, &'static str)] {
            match language {
                Language::Hans => &[$(($rule, $hans),)*],
                Language::Hant => &[$(($rule, $hant),)*],
                Language::English => &[$(($rule, $english),)*],
            }
        }

        #[cfg(test)]
        pub const ALL: &[(&str, [&str; 3])] = &[$(($rule, [$hans, $hant, $english]),)*];
    };
}

rules! {
    "required": "请填写此项", "請填寫此項", "Fill this in";
    "text-length": "字数不合要求：不能为空，也不能超过上限", "字數不合要求：不能為空，也不能超過上限", "It is empty or too long";
    "known-category": "没有这个类别", "沒有這個類別", "There is no such category";
    "known-party": "没有这个单位", "沒有這個單位", "There is no such unit";
    "known-channel": "没有这个渠道", "沒有這個渠道", "There is no such channel";
    "opaque-reference": "代号只能用字母、数字和 - _ . : / + =，不能是姓名或电话", "代號只能用字母、數字和 - _ . : / + =，不能是姓名或電話", "A reference has letters, digits and - _ . : / + = only, and is no name or telephone number";
    "reason-required": "扣分须写明理由（至少四个字）", "扣分須寫明理由（至少四個字）", "A deduction needs its reason, four characters at least";
    "decimal-0-to-1": "请填 0 到 1 之间的数，最多两位小数", "請填 0 到 1 之間的數，最多兩位小數", "A number from 0 to 1 with at most two decimal places";
    "case-id": "编号不对：可能看错了一个字符", "編號不對：可能看錯了一個字元", "This is no number of a case: one character may have been misread";
    "pair": "经度和纬度要一起填", "經度和緯度要一起填", "Longitude and latitude go together";
    "not-the-owner": "这件诉求现在不由您的单位办理", "這件訴求現在不由您的單位辦理", "Your unit does not have this case now";
    "already-resolved": "已经答复过了", "已經答覆過了", "It has been answered already";
    "not-resolved": "还没有办结，不能评价", "還沒有辦結，不能評價", "It is not answered yet, so there is nothing to rate";
    "already-rated": "已经评价过了", "已經評價過了", "It has been rated already";
    "party-already-rated": "这个单位已经评价过了", "這個單位已經評價過了", "This unit has been rated already";
    "lapsed": "评价期已过", "評價期已過", "The time to rate is over";
    "closed": "这件诉求已经结束", "這件訴求已經結束", "This case is closed";
    "filed": "这件诉求已经结束并归档", "這件訴求已經結束並歸檔", "This case is closed and filed";
    "evidence-needed": "须附上证明材料的编号才能办结", "須附上證明材料的編號才能辦結", "It is not solved without evidence: give its reference";
}

/// The words for a rule.
pub fn rule(language: Language, name: &str) -> Option<&'static str> {
    rules(language).iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

//! What happened, in a sentence: `{unit}` is who it is about, `{other}` the second of them, `{all}` everybody. What somebody
//! said with it is shown beside it, as they said it.

use crate::language::Language;

macro_rules! sentences {
    ($($event:literal: $hans:literal, $hant:literal, $english:literal;)*) => {
        /// The sentence for an event of the record; none: we have no words for it.
        pub const fn sentences(language: Language) -> &'static [(&'static str, &'static str)] {
            match language {
                Language::Hans => &[$(($event, $hans),)*],
                Language::Hant => &[$(($event, $hant),)*],
                Language::English => &[$(($event, $english),)*],
            }
        }

        #[cfg(test)]
        pub const ALL: &[(&str, [&str; 3])] = &[$(($event, [$hans, $hant, $english]),)*];
    };
}

sentences! {
    "Received": "已收到诉求", "已收到訴求", "It was received";
    "Supplemented": "补充了情况", "補充了情況", "Something was added";
    "WithdrawalAsked": "诉求人要求撤回", "訴求人要求撤回", "It was taken back";
    "ExclusionProposed": "提议不计入考核", "提議不計入考核", "It was proposed to leave it out of the statistics";
    "ExclusionApproved": "同意不计入考核", "同意不計入考核", "It is left out of the statistics";
    "CallerJoined": "又有人反映同一件事", "又有人反映同一件事", "Somebody else has raised the same matter";
    "LinkedAsDuplicate": "并入另一件诉求一起办理", "併入另一件訴求一起辦理", "It is handled together with an earlier case";
    "PollAttached": "附上入户摸底结果", "附上入戶摸底結果", "The outcome of a poll was added";
    "Classified": "已判明类别，应由{unit}办理", "已判明類別，應由{unit}辦理", "It was sorted: for {unit}";
    "QueuedForJudgement": "等待人工研判", "等待人工研判", "It waits for a person to judge it";
    "Claimed": "已有人开始研判", "已有人開始研判", "Somebody is judging it";
    "Judged": "研判完毕，应由{unit}办理", "研判完畢，應由{unit}辦理", "It was judged: for {unit}";
    "Regraded": "重新研判，应由{unit}办理", "重新研判，應由{unit}辦理", "It was judged anew: for {unit}";
    "JudgementOverdue": "研判超时", "研判逾時", "The judgement is late";
    "Dismissed": "不再需要研判", "不再需要研判", "It needs no judgement any more";
    "Assigned": "交{unit}办理", "交{unit}辦理", "{unit} has it";
    "Escalated": "由{other}上报{unit}", "由{other}上報{unit}", "{other} passed it up to {unit}";
    "Called": "街道吹哨，呼叫{all}", "街道吹哨，呼叫{all}", "The whistle: {all} are called";
    "Responded": "{unit}已响应，指定了负责人", "{unit}已響應，指定了負責人", "{unit} has responded and named who comes";
    "ReportedIn": "{unit}已报到", "{unit}已報到", "{unit} has reported in";
    "TaskPlanned": "给{unit}布置任务", "給{unit}布置任務", "A task for {unit}";
    "TaskDone": "{unit}完成任务", "{unit}完成任務", "{unit} has done a task";
    "Progressed": "{unit}记录进展", "{unit}記錄進展", "{unit} notes how it goes";
    "MeasureAdopted": "{unit}采取长效措施", "{unit}採取長效措施", "{unit} adopts a standing measure";
    "PartyDone": "{unit}办结本单位的部分", "{unit}辦結本單位的部分", "{unit} is done with its part";
    "Released": "{unit}可以离开", "{unit}可以離開", "{unit} may leave";
    "CallEnded": "呼叫结束", "呼叫結束", "The call is over";
    "Overdue": "{unit}超时", "{unit}逾時", "{unit} is late";
    "RecurrenceFound": "同一地点反复出现，需查明根因", "同一地點反覆出現，需查明根因", "The same problem is back: its cause has to be found";
    "Resolved": "{unit}答复办理结果", "{unit}答覆辦理結果", "{unit} has answered";
    "Reopened": "重新办理", "重新辦理", "It is worked on again";
    "Closed": "诉求结束", "訴求結束", "It is closed";
    "Returned": "{unit}退单，认为应属{other}", "{unit}退單，認為應屬{other}", "{unit} sends the call back: it belongs to {other}";
    "ReturnAdjudicated": "对{unit}的退单作出裁定", "對{unit}的退單作出裁定", "The return of {unit} was decided on";
    "Unqualified": "{unit}来人不能作主，须重新派人", "{unit}來人不能作主，須重新派人", "Whoever came from {unit} cannot decide: somebody else has to come";
    "Reminded": "提醒{unit}", "提醒{unit}", "{unit} is reminded";
    "Supervised": "{other}督办{unit}", "{other}督辦{unit}", "{other} asks {unit} to account for it";
    "SupervisionAnswered": "{unit}回复督办", "{unit}回覆督辦", "{unit} accounts for it";
    "Extended": "延长期限", "延長期限", "There is more time";
    "Suspended": "暂缓办理", "暫緩辦理", "The work rests";
    "Resumed": "恢复办理", "恢復辦理", "The work goes on";
    "MeetingHeld": "召开会议：{all}", "召開會議：{all}", "A meeting of {all}";
    "TaskForceFormed": "成立专班：{all}", "成立專班：{all}", "A task force: {all}";
    "ColourRaised": "呼叫升级，更紧急", "呼叫升級，更緊急", "The call is more urgent now";
    "Admitted": "准予社区承接此事", "准予社區承接此事", "Communities may work on this";
    "AdmissionRefused": "此事不在{unit}的清单内，未交给它", "此事不在{unit}的清單內，未交給它", "It is not on the list of {unit}, which is not given it";
    "Transferred": "由{other}移交{unit}", "由{other}移交{unit}", "{other} handed it to {unit}";
    "CityReminded": "询问{unit}进展", "詢問{unit}進展", "{unit} is asked what becomes of it";
    "CityReturned": "{other}退回，由{unit}继续办理", "{other}退回，由{unit}繼續辦理", "{other} gave it back to {unit}";
    "Concluded": "{unit}联合执法完毕，尚有任务未完成", "{unit}聯合執法完畢，尚有任務未完成", "{unit} is through; tasks are left";
    "HelpBegun": "另行帮扶诉求人，办完后再请其评价", "另行幫扶訴求人，辦完後再請其評價", "Its caller is helped in another matter, and is asked when that is over";
    "HelpOpened": "帮扶事项已登记", "幫扶事項已登記", "The case that helps was opened";
    "AskedToHelp": "本件帮扶另一件的诉求人", "本件幫扶另一件的訴求人", "This case helps the caller of another one";
    "HelpEnded": "帮扶办结", "幫扶辦結", "The help is over";
    "RatingOpened": "可以评价了", "可以評價了", "It can be rated now";
    "RelatedCaseSpawned": "{unit}发现另一件事，另行登记", "{unit}發現另一件事，另行登記", "{unit} found another matter, which is a case of its own";
    "OperationOpened": "{unit}开始联合执法", "{unit}開始聯合執法", "{unit} begins joint enforcement";
    "OperationConcluded": "联合执法结束", "聯合執法結束", "Joint enforcement is over";
    "OperationCancelled": "联合执法取消", "聯合執法取消", "Joint enforcement was called off";
    "PathDecided": "{all}商定执法路径", "{all}商定執法路徑", "{all} agreed how to go about it";
    "OnSite": "{all}到达现场", "{all}到達現場", "{all} are there";
    "StopOrdered": "{unit}责令停止", "{unit}責令停止", "{unit} orders a stop";
    "NoticeServed": "{unit}送达整改通知书", "{unit}送達整改通知書", "{unit} serves a notice";
    "NoticeComplied": "已按通知书整改", "已按通知書整改", "The notice was complied with";
    "NoticeBreached": "未按通知书整改", "未按通知書整改", "The notice was not complied with";
    "ReinspectionDue": "整改到期，须复查", "整改到期，須複查", "The notice has run out: somebody has to look";
    "Reinspected": "已复查", "已複查", "It was looked at again";
    "Sent": "已通知{unit}", "已通知{unit}", "{unit} was told";
    "Undeliverable": "通知未能送达{unit}", "通知未能送達{unit}", "{unit} could not be told";
    "RatingRequested": "请诉求人评价", "請訴求人評價", "Whoever raised it is asked to rate";
    "Rated": "诉求人作出评价", "訴求人作出評價", "It was rated by whoever raised it";
    "PartyRated": "{other}评价{unit}", "{other}評價{unit}", "{other} rates {unit}";
    "CallbackLogged": "电话回访", "電話回訪", "Whoever raised it was called back";
    "RatingLapsed": "评价期已过", "評價期已過", "The time to rate is over";
    "RatingPutOff": "重新办理后再评价", "重新辦理後再評價", "It is rated when it is answered anew";
    "Scored": "{unit}得分已计算", "{unit}得分已計算", "{unit} was scored";
}

/// The sentence for an event.
pub fn fact(language: Language, event: &str) -> Option<&'static str> {
    sentences(language).iter().find(|(known, _)| *known == event).map(|(_, sentence)| *sentence)
}

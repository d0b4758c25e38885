//! What is said of the deeds that come up now and then: tasks, orders from above, more time, the city, exclusion, merging.

texts! {
    /// Titles, fields and buttons.
    Rarer {
        plan: "布置任务", "布置任務", "Plan a task";
        task_for: "由谁完成", "由誰完成", "Who does it";
        task_called: "已呼叫的单位", "已呼叫的單位", "Who was called";
        task_own: "本单位", "本單位", "Your own unit";
        task_inside: "本街道", "本街道", "In the street";
        task_others: "区内其他单位", "區內其他單位", "Others of the district";
        task_title: "做什么", "做什麼", "What is to be done";
        due: "期限", "期限", "Due";
        due_optional: "不填则随呼叫或诉求的期限", "不填則隨呼叫或訴求的期限", "Empty: with the call, or with the case";
        due_hint: "按本区时间", "按本區時間", "By the clock of the district";
        plan_send: "布置", "布置", "Plan it";
        measure: "采取长效措施", "採取長效措施", "Adopt a standing measure";
        measure_text: "措施", "措施", "The measure";
        measure_send: "采取", "採取", "Adopt it";
        supervise: "督办{unit}", "督辦{unit}", "Ask {unit} to account for it";
        supervise_text: "要求说明什么", "要求說明什麼", "What is to be accounted for";
        supervise_send: "督办", "督辦", "Ask";
        extend_case: "延长办理期限", "延長辦理期限", "Give the case more time";
        extend_call: "延长第 {n} 次呼叫的期限", "延長第 {n} 次呼叫的期限", "Give call {n} more time";
        extend_task: "延长任务 {n} 的期限", "延長任務 {n} 的期限", "Give task {n} more time";
        basis: "依据（法规或规定）", "依據（法規或規定）", "The law or rule it rests on";
        reason: "理由", "理由", "Reason";
        extend_send: "延长", "延長", "Give it";
        suspend: "暂缓办理", "暫緩辦理", "Let the work rest";
        until: "暂缓到", "暫緩到", "Until";
        suspend_send: "暂缓", "暫緩", "Let it rest";
        admit: "准予社区承接此事", "准予社區承接此事", "Let communities work on this";
        admit_send: "准予", "准予", "Let them";
        spawn: "发现另一件事", "發現另一件事", "Another matter was found";
        spawn_title: "是什么事", "是什麼事", "What it is";
        spawn_text: "情况", "情況", "What there is to know";
        spawn_helps: "用于帮扶本件诉求人，办完后再请其评价本件", "用於幫扶本件訴求人，辦完後再請其評價本件", "It helps the caller of this case, who is asked how it was when that is over";
        spawn_send: "另行登记", "另行登記", "Make it a case";
        transfer: "移交市级", "移交市級", "Hand it to the city";
        reference: "市级编号", "市級編號", "Under what name the city has it";
        transfer_send: "移交", "移交", "Hand it over";
        city_progress: "记录市级进展", "記錄市級進展", "Note what the city does";
        city_progress_send: "记录市级进展", "記錄市級進展", "Note it of the city";
        city_done: "市级已办结", "市級已辦結", "The city is through with it";
        city_done_send: "记录市级办结", "記錄市級辦結", "Note that it is done";
        city_return: "市级退回", "市級退回", "The city gives it back";
        city_return_send: "记录退回", "記錄退回", "Take it back";
        exclude: "提议不计入考核", "提議不計入考核", "Propose to leave it out of the statistics";
        exclude_send: "提议", "提議", "Propose it";
        approve: "同意不计入考核", "同意不計入考核", "Agree to leave it out of the statistics";
        approve_send: "同意", "同意", "Agree";
        merge: "并入更早的诉求", "併入更早的訴求", "Make it part of an earlier case";
        into: "更早诉求的编号", "更早訴求的編號", "Number of the earlier case";
        merge_send: "并入", "併入", "Merge it";
        callback: "电话回访", "電話回訪", "Call back whoever raised it";
        callback_outcome: "结果", "結果", "How it went";
        reached: "已接通", "已接通", "reached";
        no_answer: "无人接听", "無人接聽", "nobody answered";
        refused: "拒绝回访", "拒絕回訪", "did not want to be asked";
        note: "记录", "記錄", "Note";
        callback_send: "记录回访", "記錄回訪", "Note the callback";
    }
}

//! What is said to whoever raises a matter and follows it.

texts! {
    /// Report and follow.
    Caller {
        report_title: "我要反映", "我要反映", "Report something";
        report_intro: "说清楚什么事、在哪里，就可以提交。电话、身份证号和车牌会自动遮盖。", "說清楚什麼事、在哪裡，就可以提交。電話、身分證號和車牌會自動遮蓋。", "Say what it is and where; that is enough. Telephone, identity and plate numbers are masked by themselves.";
        title: "一句话说明", "一句話說明", "What is it, in one line";
        title_hint: "例如：门口的路灯坏了三天", "例如：門口的路燈壞了三天", "Say: the lamp at the gate has been broken for three days";
        text: "详细情况", "詳細情況", "What else should we know";
        place: "在哪个街道、社区或网格", "在哪個街道、社區或網格", "Which street, community or grid it is in";
        place_unknown: "不清楚", "不清楚", "I do not know";
        address: "具体地址", "具體地址", "Address, in your own words";
        longitude: "经度", "經度", "Longitude";
        latitude: "纬度", "緯度", "Latitude";
        degrees: "请填小数形式的度数，例如 114.3", "請填小數形式的度數，例如 114.3", "Degrees as a decimal number, 114.3 say";
        position: "坐标（如果知道）", "座標（如果知道）", "Coordinates, if you have them";
        kind: "属于哪一种", "屬於哪一種", "What sort of matter";
        channel: "从哪里来", "從哪裡來", "How it came in";
        class: "您是", "您是", "You are";
        resident: "居民", "居民", "a resident";
        enterprise: "企业", "企業", "an enterprise";
        category: "类别", "類別", "Category";
        category_auto: "请帮我判断", "請幫我判斷", "Let it be judged";
        suggested: "按您写的内容，可能是：", "按您寫的內容，可能是：", "By your words it could be:";
        suggest: "看看属于哪一类", "看看屬於哪一類", "Suggest a category";
        duplicates: "可能已经有人反映过", "可能已經有人反映過", "Somebody may have reported this already";
        duplicates_hint: "如果是同一件事，可以直接补充到那一件；如果不是，请继续提交。", "如果是同一件事，可以直接補充到那一件；如果不是，請繼續提交。", "If it is the same matter, add to that one; if not, go on and send yours.";
        send: "提交", "提交", "Send";
        received: "已收到", "已收到", "We have it";
        write_down: "请记下编号：", "請記下編號：", "Write this number down:";
        received_text: "凭编号可随时查询。接下来由工作人员判断由谁办理，您会在下面看到每一步。", "憑編號可隨時查詢。接下來由工作人員判斷由誰辦理，您會在下面看到每一步。", "You can ask by this number at any time. Next it is decided who handles it; you will see each step here.";
        received_before: "这件诉求之前已经收到，没有重复登记。", "這件訴求之前已經收到，沒有重複登記。", "We had this already; it was not taken twice.";
        link: "不登录也能打开这件诉求的专用链接：", "不登入也能打開這件訴求的專用連結：", "The link that opens this report without signing in:";
        link_hint: "请只留给自己：有这个链接的人可以代您补充、撤回和评价。", "請只留給自己：有這個連結的人可以代您補充、撤回和評價。", "Keep it to yourself: whoever has it can add, take back and rate in your name.";
        another: "再反映一件", "再反映一件", "Report something else";
        mine_title: "我的诉求", "我的訴求", "My reports";
        find_title: "按编号查询", "按編號查詢", "Find a case by its number";
        number: "诉求编号", "訴求編號", "Number of the case";
        number_hint: "提交后给您的编号，形如 261130-abcdefg", "提交後給您的編號，形如 261130-abcdefg", "You got it when you sent it; it looks like 261130-abcdefg";
        words: "或按内容查找", "或按內容查找", "Or find cases by words";
        words_hint: "词语之间用空格分开，须全部出现", "詞語之間用空格分開，須全部出現", "All of them, with blanks between";
        find_words: "查找", "查找", "Search";
        found: "找到 {n} 件", "找到 {n} 件", "{n} found";
        find: "查询", "查詢", "Find";
        where_it_is: "现在到哪一步", "現在到哪一步", "Where it is now";
        who_has_it: "办理单位：{unit}", "辦理單位：{unit}", "In the hands of {unit}";
        until: "办理期限：", "辦理期限：", "To be done by ";
        nobody_yet: "正在确定由谁办理。", "正在確定由誰辦理。", "It is being decided who handles it.";
        steps: "每一步", "每一步", "Every step";
        you_wrote: "您反映的内容", "您反映的內容", "What you wrote";
        you_can: "您可以", "您可以", "What you can do";
        supplement: "补充情况", "補充情況", "Add something";
        supplement_text: "补充的内容", "補充的內容", "What you want to add";
        supplement_send: "补充", "補充", "Add it";
        withdraw: "撤回", "撤回", "Take it back";
        withdraw_reason: "撤回的原因", "撤回的原因", "Why you take it back";
        withdraw_send: "撤回这件诉求", "撤回這件訴求", "Take the report back";
        rate: "评价结果", "評價結果", "Say how it ended";
        rate_intro: "请在{until}之前评价。不满意的，会退回继续办理。", "請在{until}之前評價。不滿意的，會退回繼續辦理。", "You can rate until {until}. If you are not satisfied, it goes back and is worked on again.";
        rating: "您是否满意", "您是否滿意", "How satisfied are you";
        comment: "您的意见", "您的意見", "What you want to say about it";
        comment_again: "如果不满意，请写明还有什么没有解决", "如果不滿意，請寫明還有什麼沒有解決", "If you are not, say what is still to be done";
        rate_send: "提交评价", "提交評價", "Send the rating";
        done_notice: "已提交。", "已提交。", "It has been recorded.";
        part_of: "已并入 {case} 一起办理。", "已併入 {case} 一起辦理。", "It is handled together with {case}.";
    }
}

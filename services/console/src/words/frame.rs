//! What stands around every page: its head and foot, signing in, errors; and how time is said.

texts! {
    /// The frame, signing in and out, and what went wrong.
    Frame {
        name: "呼应", "呼應", "Huying";
        skip: "跳到正文", "跳到正文", "Skip to the content";
        rooms: "栏目", "欄目", "Rooms";
        language: "语言", "語言", "Language";
        signed_in: "{role} · {unit}", "{role} · {unit}", "{role} · {unit}";
        sign_out: "退出", "登出", "Sign out";
        play_name: "演示", "演示", "For play";
        play_banner: "演示环境：任何人都可以以任何身份登录，请勿填写真实个人信息。", "演示環境：任何人都可以以任何身份登入，請勿填寫真實個人資料。", "For play: anybody may sign in as anybody here. Do not enter anything about real people.";
        sign_in: "登录", "登入", "Sign in";
        sign_in_play: "选择您要扮演的身份", "選擇您要扮演的身份", "Choose who you want to be";
        district_go: "换一个区", "換一個區", "Another district";
        who: "身份", "身份", "Who you are";
        who_hint: "名单来自该区的规则（章程）。", "名單來自該區的規則（章程）。", "The list comes from the rules of the district, its charter.";
        person: "您的代号", "您的代號", "Your reference";
        person_hint: "例如工号；群众可任意填写，下次用同一代号可看到自己的诉求。不要填姓名或电话。", "例如工號；民眾可任意填寫，下次用同一代號可看到自己的訴求。不要填姓名或電話。", "A staff number, say; a resident makes one up, and finds their own reports again by it. Never a name or a telephone number.";
        enter: "进入", "進入", "Enter";
        token: "令牌", "令牌", "Token";
        token_hint: "由本平台的运维人员签发（huying token issue）。", "由本平台的維運人員簽發（huying token issue）。", "Issued by whoever runs this installation (huying token issue).";
        token_instead: "已有令牌？", "已有令牌？", "You have a token?";
        expired: "登录已过期，请重新登录；之后会回到刚才的页面。", "登入已過期，請重新登入；之後會回到剛才的頁面。", "Your session has expired. Sign in again, and you will be back where you were.";
        please_sign_in: "请先登录；之后会回到您要看的页面。", "請先登入；之後會回到您要看的頁面。", "Sign in first; then you will see the page you asked for.";
        bad_token: "这个令牌不能用：{why}", "這個令牌不能用：{why}", "This token is no good: {why}";
        kept_title: "您填写的内容还在", "您填寫的內容還在", "What you wrote is still here";
        kept_text: "刚才登录已过期，内容没有提交。请确认后再次提交。", "剛才登入已過期，內容沒有提交。請確認後再次提交。", "Your session had expired, so it was not sent. Send it again if it is still right.";
        kept_send: "现在提交", "現在提交", "Send it now";
        there_is_a_problem: "请检查以下内容", "請檢查以下內容", "There is a problem";
        error: "错误：", "錯誤：", "Error: ";
        required: "请填写此项", "請填寫此項", "Fill this in";
        optional: "（选填）", "（選填）", "(optional)";
        not_found: "没有找到", "沒有找到", "Nothing here";
        not_found_text: "没有这个页面，或者没有您可以查看的这件诉求。请核对编号；编号形如 261130-abcdefg。", "沒有這個頁面，或者沒有您可以查看的這件訴求。請核對編號；編號形如 261130-abcdefg。", "There is no such page, or no such case that you may see. Check the number; it looks like 261130-abcdefg.";
        forbidden: "您的身份不能这样做", "您的身份不能這樣做", "This is not for you to do";
        forbidden_text: "可以回到首页，或者换一个身份登录。", "可以回到首頁，或者換一個身份登入。", "Go back to the start, or sign in as somebody else.";
        unavailable: "服务暂时无法使用", "服務暫時無法使用", "Not available right now";
        unavailable_text: "没有丢失任何已提交的内容。请稍等片刻后重试；如果持续如此，请联系运维人员。", "沒有遺失任何已提交的內容。請稍等片刻後重試；如果持續如此，請聯絡維運人員。", "Nothing that was taken is lost. Wait a moment and try again; if it goes on, tell whoever runs this.";
        broken: "出了问题", "出了問題", "Something is wrong here";
        broken_text: "问题已记录。请重试；如果再次出现，请把时间告诉运维人员。", "問題已記錄。請重試；如果再次出現，請把時間告訴維運人員。", "It has been logged. Try again; if it happens again, tell whoever runs this what time it was.";
        stale_form: "表单已失效", "表單已失效", "The form was too old";
        stale_form_text: "页面打开后您退出过或换过身份。您填写的内容没有提交，请返回后重新提交。", "頁面打開後您登出過或換過身份。您填寫的內容沒有提交，請返回後重新提交。", "You signed out or in as somebody else since the page was opened. It was not sent: go back and send it again.";
        too_large: "内容太长", "內容太長", "Too much at once";
        back_to_start: "回到首页", "回到首頁", "Back to the start";
        try_again: "重试", "重試", "Try again";
        next_page: "下一页", "下一頁", "Next page";
        nothing: "没有内容", "沒有內容", "Nothing here at the moment";
        room_report: "我要反映", "我要反映", "Report";
        room_mine: "我的诉求", "我的訴求", "My reports";
        room_find: "按编号查询", "按編號查詢", "Find by number";
        room_inbox: "待办", "待辦", "Inbox";
        room_queue: "研判", "研判", "To be judged";
        room_wall: "全区态势", "全區態勢", "District at a glance";
        room_calls: "呼叫", "呼叫", "Calls";
        room_grid: "我的网格", "我的網格", "My grid";
        room_figures: "统计", "統計", "Figures";
        room_services: "服务状态", "服務狀態", "Services";
        room_charter: "规则", "規則", "Rules";
        room_operations: "联合执法", "聯合執法", "Operations";
        foot: "时间均为{zone}时间。", "時間均為{zone}時間。", "Times are those of {zone}.";
    }
}

texts! {
    /// How far away an instant is, and how long something lasts.
    When {
        now: "刚刚", "剛剛", "just now";
        ago: "{length}前", "{length}前", "{length} ago";
        from_now: "{length}后", "{length}後", "in {length}";
        left: "还剩{length}", "還剩{length}", "{length} left";
        overdue: "超时{length}", "逾時{length}", "{length} late";
        minutes: "{n}分钟", "{n}分鐘", "{n} min";
        hours: "{n}小时", "{n}小時", "{n} h";
        days: "{n}天", "{n}天", "{n} d";
    }
}

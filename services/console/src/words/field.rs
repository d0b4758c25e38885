//! What is said to grid workers: their page, drafts without a network, and the card for every household.

texts! {
    /// The page of a grid, drafts, the contact card.
    Field {
        room: "我的网格", "我的網格", "My grid";
        intro: "{unit} 正在办理的诉求。", "{unit} 正在辦理的訴求。", "What goes on in {unit}.";
        quick: "随手报", "隨手報", "Write down what you see";
        quick_hint: "没有网络也能写：存在本机，有网络时自动提交，同一份不会重复登记。", "沒有網路也能寫：存在本機，有網路時自動提交，同一份不會重複登記。", "Works without a network: it stays on this device, is sent once there is one, and is one case however often it is sent.";
        keep: "保存并提交", "保存並提交", "Keep and send";
        locate: "填入我的位置", "填入我的位置", "Where I am now";
        located: "已填入位置", "已填入位置", "Filled in";
        not_located: "无法取得位置", "無法取得位置", "No position could be had";
        full_form: "完整表单", "完整表單", "The whole form";
        drafts: "本机上的草稿", "本機上的草稿", "On this device";
        drafts_none: "没有草稿。", "沒有草稿。", "No drafts.";
        waits: "等待网络", "等待網路", "waits for a network";
        sent: "已提交", "已提交", "sent";
        was_refused: "未被接受", "未被接受", "was not taken";
        edit: "用完整表单修改", "用完整表單修改", "mend it in the form";
        drop: "删除", "刪除", "delete";
        without_script: "草稿需要浏览器脚本；没有脚本时请用完整表单。", "草稿需要瀏覽器腳本；沒有腳本時請用完整表單。", "Drafts need the script; without it, use the form.";
        offline: "没有网络", "沒有網路", "No network";
        offline_text: "现在连不上。可以先写下来；回到“我的网格”且有网络时会自动提交。", "現在連不上。可以先寫下來；回到「我的網格」且有網路時會自動提交。", "Nothing can be reached right now. Write it down: it is sent when you open your grid's page with a network.";
        back: "回到我的网格", "回到我的網格", "To my grid";
        open: "正在办理", "正在辦理", "Going on";
        card: "便民联系卡", "便民聯繫卡", "Contact card";
        card_print: "打印联系卡", "列印聯繫卡", "The contact card, to print";
        card_intro: "打印后发给每户；扫码即可反映问题，地点已填好。", "列印後發給每戶；掃碼即可反映問題，地點已填好。", "For every household: the code opens the form to report something, with the place filled in.";
        card_say: "有事找我们", "有事找我們", "Something wrong? Tell us";
        card_scan: "扫码反映问题", "掃碼反映問題", "Scan to report it";
        card_worker: "网格员", "網格員", "Grid worker";
        card_phone: "电话", "電話", "Telephone";
        card_qr: "二维码：{address}", "二維碼：{address}", "QR code: {address}";
    }
}

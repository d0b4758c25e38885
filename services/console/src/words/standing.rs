//! What is said to operators: how the services are.

texts! {
    /// The room of the services.
    Standing {
        room: "服务状态", "服務狀態", "Services";
        intro: "每个服务自己的说法：能写入它所写的，即为就绪。", "每個服務自己的說法：能寫入它所寫的，即為就緒。", "As each says of itself: ready means able to write what it writes.";
        service: "服务", "服務", "Service";
        how: "状态", "狀態", "How it is";
        ready: "就绪", "就緒", "ready";
        not_ready: "未就绪", "未就緒", "not ready";
        no_answer: "没有应答", "沒有應答", "does not answer";
        copy: "查询库", "查詢庫", "The casebook's copy";
        reads_to: "读到记录的第 {n} 个位置", "讀到記錄的第 {n} 個位置", "It reads up to position {n} of the record";
        behind: "落后 {n} 笔提交", "落後 {n} 筆提交", "{n} commits behind";
        letters: "死信", "死信", "Dead letters";
        letters_hint: "服务处理不了的消息，由运维人员在终端上查看、退回或丢弃：", "服務處理不了的訊息，由維運人員在終端上查看、退回或丟棄：", "Messages that no service could handle are looked at, handed back or dropped at a terminal:";
    }
}

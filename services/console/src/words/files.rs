//! What is said about photographs and papers.

texts! {
    /// Choosing them, and seeing them.
    Files {
        choose: "照片或文件", "照片或文件", "Photographs or papers";
        hint: "JPEG、PNG、WebP 或 PDF，每个不超过 10 MB；拍摄地点和设备信息会自动去除。", "JPEG、PNG、WebP 或 PDF，每個不超過 10 MB；拍攝地點和裝置資訊會自動去除。", "JPEG, PNG, WebP or PDF, at most 10 MB each; where and with what they were taken is left out by itself.";
        attached: "已附上（取消勾选即不附）", "已附上（取消勾選即不附）", "Attached; untick what is not to be";
        too_many: "一次最多附 {n} 个，其余没有附上", "一次最多附 {n} 個，其餘沒有附上", "At most {n} at a time; the others are not attached";
        too_large: "超过 10 MB，没有附上；请缩小后再选", "超過 10 MB，沒有附上；請縮小後再選", "It has more than 10 MB and is not attached; make it smaller and choose it again";
        title: "照片和文件", "照片和文件", "Photographs and papers";
        photo: "附件 {n}", "附件 {n}", "Attachment {n}";
        unchecked: "正在等待安全检查，之后即可查看。", "正在等待安全檢查，之後即可查看。", "It waits to be looked through for malware; it can be seen after that.";
        refused: "安全检查发现恶意内容，已删除。", "安全檢查發現惡意內容，已刪除。", "Malware was found in it, and it is deleted.";
    }
}

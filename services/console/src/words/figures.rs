//! What is said of the statement of a period: figures, leagues, the map, and lists of cases behind a figure.

texts! {
    /// The statement and what leads from it to cases.
    Figures {
        room: "统计", "統計", "Figures";
        intro: "{name}，{from} 至 {to}，按公开的口径统计。", "{name}，{from} 至 {to}，按公開的口徑統計。", "{name}, {from} to {to}. How each is counted is public.";
        period: "期间", "期間", "Period";
        period_hint: "日、月、年或起止日期，例如 2026-11、2026-11-30、2026-11-01..2026-11-15", "日、月、年或起訖日期，例如 2026-11、2026-11-30、2026-11-01..2026-11-15", "A day, a month, a year or two days: 2026-11, 2026-11-30, 2026-11-01..2026-11-15";
        party: "范围", "範圍", "Of";
        whole: "全区", "全區", "The whole district";
        show: "查看", "查看", "Show";
        earlier: "上个月", "上個月", "The month before";
        print_hint: "可直接打印本页。", "可直接列印本頁。", "This page can be printed as it is.";
        map: "热点地图", "熱點地圖", "Where it comes from";
        map_hint: "按受理件数着色；没有画出边界的只在下表中。", "按受理件數著色；沒有畫出邊界的只在下表中。", "Shaded by how many came in. What has no outline is in the tables alone.";
        map_cases: "{unit}：受理 {n} 件", "{unit}：受理 {n} 件", "{unit}: {n} came in";
        map_streets: "街道", "街道", "Streets";
        map_communities: "社区", "社區", "Communities";
        fewest: "最少", "最少", "fewest";
        most: "最多", "最多", "most";
        nothing: "本期没有。", "本期沒有。", "Nothing in this period.";
        left_out: "另有 {n} 行未列出。", "另有 {n} 行未列出。", "{n} more rows are left out.";
        pillar_strengthen: "强身", "強身", "Strengthen";
        pillar_empower: "赋权", "賦權", "Empower";
        pillar_duty: "明责", "明責", "Duty";
        pillar_effect: "增效", "增效", "Effect";
        list: "诉求清单", "訴求清單", "Cases behind a figure";
        list_total: "共 {n} 件", "共 {n} 件", "{n} cases";
        list_total_least: "至少 {n} 件", "至少 {n} 件", "at least {n} cases";
    }
}

//! Names of states, levels, colours, outcomes, roles, kinds and clocks.

use crate::language::Language;

texts! {
    /// Each by its code in the contracts, `-` written `_`.
    States {
        received: "已收到", "已收到", "received";
        queued: "待研判", "待研判", "waits to be judged";
        assigned: "办理中", "辦理中", "being handled";
        called: "呼叫中", "呼叫中", "departments are called";
        joint_enforcement: "联合执法中", "聯合執法中", "joint enforcement";
        resolved: "已办结，待评价", "已辦結，待評價", "answered, to be rated";
        reopened: "重新办理", "重新辦理", "reopened";
        closed: "已结束", "已結束", "closed";
        solved: "已解决", "已解決", "solved";
        explained: "已解释", "已解釋", "explained";
        not_accepted: "不予受理", "不予受理", "not accepted";
        not_solved: "未解决", "未解決", "not solved";
        red: "红色", "紅色", "red";
        yellow: "黄色", "黃色", "yellow";
        blue: "蓝色", "藍色", "blue";
        level_a: "A 社区", "A 社區", "A community";
        level_b1: "B1 街道内", "B1 街道內", "B1 inside the street";
        level_b2: "B2 街道呼叫", "B2 街道呼叫", "B2 street calls";
        level_c: "C 区", "C 區", "C district";
        level_d: "D 市", "D 市", "D city";
        no_level: "未定级", "未定級", "not graded";
        caller: "群众", "民眾", "Resident";
        bridge: "接入程序", "接入程式", "Bridge";
        grid: "网格员", "網格員", "Grid worker";
        community: "社区", "社區", "Community";
        street: "街道调度指挥中心", "街道調度指揮中心", "Street command centre";
        enforcement_center: "综合执法中心", "綜合執法中心", "Enforcement centre";
        department: "部门", "部門", "Department";
        district: "区指挥中心", "區指揮中心", "District";
        operator: "运维", "維運", "Operator";
        auditor: "审计", "審計", "Auditor";
        system: "系统", "系統", "The system";
        report: "报事", "報事", "a report";
        service: "办事", "辦事", "a service";
        suggestion: "建议", "建議", "a suggestion";
        consult: "咨询", "諮詢", "a question";
        clock_judgement: "研判", "研判", "judgement";
        clock_case: "办理", "辦理", "the case";
        clock_response: "响应", "響應", "response";
        clock_report_in: "报到", "報到", "report-in";
        clock_completion: "办结", "辦結", "completion";
        clock_adjudication: "退单裁定", "退單裁定", "decision on a return";
        clock_supervision: "督办回复", "督辦回覆", "answer to supervision";
        clock_task: "任务", "任務", "task";
        clock_rating: "评价", "評價", "rating";
    }
}

/// The name of a code as the contracts have it; the code itself where we have no name for it.
pub fn named(language: Language, code: &str) -> &str {
    let words = States::of(language);
    match code {
        "received" => words.received,
        "queued" => words.queued,
        "assigned" => words.assigned,
        "called" => words.called,
        "joint-enforcement" => words.joint_enforcement,
        "resolved" => words.resolved,
        "reopened" => words.reopened,
        "closed" => words.closed,
        "solved" => words.solved,
        "explained" => words.explained,
        "not-accepted" => words.not_accepted,
        "not-solved" => words.not_solved,
        "red" => words.red,
        "yellow" => words.yellow,
        "blue" => words.blue,
        "A" => words.level_a,
        "B1" => words.level_b1,
        "B2" => words.level_b2,
        "C" => words.level_c,
        "D" => words.level_d,
        "" => words.no_level,
        "caller" => words.caller,
        "bridge" => words.bridge,
        "grid" => words.grid,
        "community" => words.community,
        "street" => words.street,
        "enforcement-center" => words.enforcement_center,
        "department" => words.department,
        "district" => words.district,
        "operator" => words.operator,
        "auditor" => words.auditor,
        "system" => words.system,
        other => other,
    }
}

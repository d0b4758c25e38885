"""The worked examples, played by hand: from the resident's form to the last rating, through the pages alone.

Each is one of tests/stories, told by whoever sits in front of a screen. Nothing here knows a code, an id or an address: what has
no text on it, or no label, nobody could use.
"""

import unittest

from house import shared
from people import Person

PHONE = {"width": 360, "height": 740, "has_touch": True}


class Stories(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = shared()

    def person(self, *who, **window):
        person = Person(self.house, *who, **window)
        self.addCleanup(person.page.context.close)
        return person

    def test_s17_cars_in_front_of_a_building_are_gone_in_a_quarter_of_an_hour(self):
        """In Chinese, on telephones: resident, grid worker, community; nobody above them has to do anything."""
        resident = self.person("jiangan", "群众", "群众", "s17-resident", "zh-CN", **PHONE)
        resident.sends("提交", {
            "一句话说明": "小区B座门口有乱停车现象，道路拥堵",
            "详细情况": "B座门口停满了车，进出都堵住了，请尽快处理。",
            "在哪个街道": "恒大双城小区",
            "具体地址": "恒大双城B座门口",
            "类别": "乱停车",
        })
        resident.sees("已收到", "请记下编号")
        case = resident.number()
        grid = self.person("jiangan", "网格员", "恒大双城小区", "jw-0417", "zh-CN", **PHONE)
        grid.goes_to("待办").will_see(case)
        grid.follows("小区B座门口有乱停车现象").sees("恒大双城B座门口")
        grid.sends("记录", {"哪一种": "答复诉求人", "说明": "马上派人处理"}, under="记录进展").sees("马上派人处理")
        for what in ["查阅业主档案，比对出入口牌照系统", "联系车主，将车辆移到地下停车场"]:
            grid.sends("布置", {"由谁完成": "红色物业", "做什么": what}, under="布置任务").sees(what)
        grid.has_no_button("完成任务")
        # Nothing is answered before the work is done.
        grid.has_no_button("办结")
        community = self.person("jiangan", "社区", "长建社区", "sq-0031", "zh-CN")
        community.goes_to("待办").will_see(case)
        community.follows("小区B座门口有乱停车现象")
        community.sends("完成任务", {"说明": "查到车主电话"}, under="完成任务 1").sees("查到车主电话")
        community.sends("完成任务", {"说明": "车辆已移走"}, under="完成任务 2").sees("车辆已移走")
        grid.opens(f"/cases/{case}")
        grid.sends("办结", {"结果": "已解决", "怎样办理的": "车辆已移到地下停车场，道路恢复畅通"}, under="办结答复")
        grid.sees("已办结，待评价")
        resident.will_see("评价结果")
        resident.sees("车辆已移到地下停车场，道路恢复畅通")
        resident.sends("提交评价", {"您是否满意": "满意", "您的意见": "很快"}, under="评价结果")
        resident.will_see("已结束")

    def test_s1_a_whistle_three_departments_and_five_tasks(self):
        """A historic quarter gets hours without cars."""
        resident = self.person("wuchang", "Resident", "Resident", "s1-resident", **PHONE)
        resident.sends("Send", {
            "What is it": "昙华林历史文化街区人车混行",
            "What else should we know": "街区内人车混行，希望分时段限制车辆进入。",
            "Which street": "昙华林社区",
            "Category": "Vehicles by time window",
        })
        case = resident.sees("We have it").number()
        street = self.person("wuchang", "Street command centre", "Liangdao", "ld-0001")
        street.goes_to("Inbox").will_see(case)
        street.follows("昙华林历史文化街区人车混行")
        street.sends("Call them", {"Note": "请到昙华林现场商定分时段限行"}, under="Blow the whistle")
        street.sees("It has been recorded", "Construction Bureau", "Culture Company", "Wuchang Traffic Police")

        units = [
            ("Construction Bureau", "js-0030", "副局长"),
            ("Culture Company", "wc-0008", "副总经理"),
            ("Wuchang Traffic Police", "jj-0044", "副大队长"),
        ]
        departments = []
        for unit, staff, post in units:
            department = self.person("wuchang", "Department", unit, staff, **PHONE)
            department.goes_to("Calls").will_see(case)
            department.sees("请到昙华林现场商定分时段限行")
            who = {"Staff number": staff, "Post": post}
            department.sends("Respond", who, under="Respond").sees("It has been recorded", "to report in")
            # Whoever cannot decide has not come.
            department.sends("Report in", who, under="Report in").sees("in charge of the matter")
            department.sends("Report in", {"This person is in charge": True}, under="Report in")
            department.sees("It has been recorded").will_see("at work")
            departments.append(department)
        street.will_see("there: jj-0044")
        street.sends("Adopt it", {"The measure": "早8:00至晚6:30景区内禁止车辆进入"}, under="Adopt a standing measure")
        for unit, what in [
            ("Liangdao Street Command Centre", "安装阻车桩、石球和液压升降桩"),
            ("Culture Company", "配合施工，提供临时供电"),
            ("Construction Bureau", "启动公共停车场规划"),
            ("Wuchang Traffic Police", "发布公告，做好交通管制"),
            ("昙华林社区", "告知居民"),
        ]:
            street.sends("Plan it", {"Who does it": unit, "What is to be done": what}, under="Plan a task").sees(what)
        community = self.person("wuchang", "Community", "昙华林社区", "sq-0012")
        community.goes_to("Inbox").will_see(case)
        community.follows("昙华林历史文化街区人车混行").sends("Task done", {"Note": "已逐户告知"}, under="Task done 5")
        community.sees("已逐户告知")
        for department, what in zip(departments, ["启动公共停车场规划", "配合施工，提供临时供电", "发布公告，做好交通管制"]):
            department.will_see(what)
            department.sends("Task done", {"Note": "已经做完"}, under=what).sees("It has been recorded")
            department.sends("Done", {"Outcome": "solved", "What was done": "已经就位"}, under="Done")
            department.sees("It has been recorded")
        street.opens(f"/cases/{case}")
        street.sends("Task done", {"Note": "全部安装完成"}, under="Task done 1").will_see("answered, to be rated")
        street.will_see("Rate Construction Bureau")
        street.sends("Rate", {"Rate, 0 to 1": "1"}, under="Rate Construction Bureau")
        # A deduction says why, and the rate that was typed is still there.
        street.sends("Rate", {"Rate, 0 to 1": "0.8"}, under="Rate Wuchang Traffic Police").sees("There is a problem")
        street.sends("Rate", {"Reason of a deduction": "公告发布比约定晚了两天"}, under="Rate Wuchang Traffic Police")
        street.sees("It has been recorded").has_no_button("Call them")
        resident.will_see("Say how it ended")
        resident.sends("Send the rating", {"How satisfied": "Satisfied"}, under="Say how it ended")
        resident.will_see("It is closed")

    def test_s2_four_kinds_of_trouble_are_one_operation_of_the_enforcement_centre(self):
        """A scrap yard: the street judges it anew, the centre assesses, goes there, serves two notices and looks again."""
        resident = self.person("wuchang", "Resident", "Resident", "s2-resident", **PHONE)
        resident.sends("Send", {
            "What is it": "中山路308号废品回收站占道",
            "What else should we know": "废品回收站占人行道，晚上很吵，堆的东西看着就怕起火。",
            "Which street": "凤凰城社区 · 第一网格",
            "Category": "Occupied road",
        })
        case = resident.sees("We have it").number()
        street = self.person("wuchang", "Street command centre", "Jiyuqiao", "jy-0002")
        street.goes_to("Inbox").will_see(case)
        street.follows("中山路308号废品回收站占道")
        street.sends("Judge anew", {
            "Leading category": "Occupied road",
            "Also about": None,
            "Noise": True,
            "Fire hazard": True,
            "Why it is above": "汇总多起投诉，需综合执法",
        }, under="Judge it anew").sees("It has been recorded")

        centre = self.person("wuchang", "Enforcement centre", "Jiyuqiao", "zf-0001")
        centre.goes_to("Operations").will_see(case)
        centre.sees("opened, to be assessed together", "No notice waits")
        centre.follows("中山路308号废品回收站占道").sees("Joint operation", "Taking part")
        # Nobody goes out, and nothing ends, before the path is decided.
        centre.has_no_button("Conclude").has_no_button("Serve it")
        path = {"What was found": "占道经营属实，存在消防隐患", "Step 1": "现场叫停占道经营", "Legal power of step 1": "城市管理"}
        # A path without two powers is none; what was typed is still there.
        centre.sends("Decide the path", {**path, "Fire Brigade": True}, under="Assess together").sees("There is a problem")
        units = ["Wuchang Police", "Market Regulation Bureau", "Urban Management Bureau"]
        centre.sends("Decide the path", {unit: True for unit in units}, under="Assess together")
        centre.sees("It has been recorded", "path decided, to go out")
        there = {unit: True for unit in [*units, "Fire Brigade"]}
        centre.sends("Note it", {**there, "What is stopped at once": "违法占道经营行为"}, under="On site").sees("on site")
        notice = {"Address": "中山路308号", "How it was served": "当场送达，当事人签收"}
        centre.sends("Serve it", {
            "Unit that orders it": "Urban Management Bureau", "What is ordered": "责令24小时内恢复被占用道路的整洁", **notice,
        }, under="Serve a notice").sees("责令24小时内恢复被占用道路的整洁")
        centre.sends("Make it a case of its own", {
            "What it is": "凤凰村58号堆放大量易燃废弃物", "What there is to know": "同一经营者名下房产",
        }, under="Another hazard was found").sees("found another matter")
        centre.sends("Serve it", {
            "Unit that orders it": "Fire Brigade", "What is ordered": "责令24小时内消除消防隐患", **notice,
        }, under="Serve a notice").sees("责令24小时内消除消防隐患")
        centre.has_no_button("Conclude")
        # The paper is as the centre issues it, with its number.
        centre.follows("Notice 1")
        self.assertIn("责令24小时内恢复被占用道路的整洁", centre.page.locator("body").inner_text())
        self.assertGreater(centre.page.locator("table").first.evaluate("it => parseFloat(getComputedStyle(it).width)"), 300)
        centre.opens("/").goes_to("Operations").sees("责令24小时内消除消防隐患", "中山路308号")
        centre.opens(f"/cases/{case}")
        for number, finding in [(1, "道路已恢复整洁"), (2, "易燃物已清除")]:
            centre.sends("Note it as seen", {"What was found": "put right", "Finding": finding}, under=f"Notice {number}: look again")
            centre.sees("It has been recorded")
        centre.sends("Conclude", {"What came of it": "两处整改均已复查通过"}, under="Conclude the operation").sees("concluded")
        resident.will_see("Say how it ended")
        resident.sends("Send the rating", {"How satisfied": "Satisfied", "What you want to say": "终于可以安心睡觉了"},
                       under="Say how it ended").will_see("It is closed")

    def test_s10_a_courtyard_with_a_return_and_a_caller_who_is_not_satisfied(self):
        """The community tries first; of those who are called one sends it back; the answer is not good enough, and it is redone."""
        resident = self.person("heping", "Resident", "Resident", "s10-resident", **PHONE)
        resident.sends("Send", {
            "What is it": "吉星北里后院被私占收费停车",
            "What else should we know": "个别居民私占门前小院，非法经营停车场，进出很不方便。",
            "Which street": "吉星北里",
            "Category": "Courtyard parking",
        })
        case = resident.sees("We have it").number()
        street = self.person("heping", "Street command centre", "Nanyingmen", "nm-0001")
        street.goes_to("Inbox").will_see(case)
        street.follows("吉星北里后院被私占收费停车")
        judged = {"Leading category": "Courtyard parking", "Level": "A community", "Why it is above": "请社区先联系当事居民"}
        street.sends("Judge anew", judged, under="Judge it anew").sees("It has been recorded")
        community = self.person("heping", "Community", "世昌里", "sq-0101", **PHONE)
        community.goes_to("Inbox").will_see(case)
        community.follows("吉星北里后院被私占收费停车")
        tried = {"What it is": "tried to reach somebody, without result", "Note": "当事居民拒不承认收费"}
        community.sends("Note it", tried, under="Note how it goes").sees("当事居民拒不承认收费")
        community.sends("Pass it up", {"Why it cannot be solved here": "没有证据，社区无执法权"}, under="Pass it one level up")
        street.will_see("没有证据，社区无执法权")
        street.will_see("Blow the whistle")
        street.sends("Call them", {"Note": "请到吉星北里现场"}, under="Blow the whistle").sees("It has been recorded")

        units = street.page.locator("table tbody th").all_inner_texts()
        self.assertEqual(len(units), 3, units)
        departments = [self.person("heping", "Department", unit, f"d-{number}") for number, unit in enumerate(units)]
        # One says that it is not its own; the street decides with its words beside the form, and it stays.
        first = departments[0]
        first.goes_to("Calls").will_see(case)
        first.sends("Send it back", {"The unit it belongs to": "Parking Office" if "Parking" not in units[0] else units[1],
                                     "Reason": "院内不属于公共停车场"}, under="Send it back").sees("It has been recorded")
        street.will_see("sent it back, to be decided")
        street.sees("院内不属于公共停车场")
        street.sends("Decide", {"It belongs to": "Not upheld", "Reason": "对外收费即属停车管理"}, under="Decide on the return of")
        street.sees("It has been recorded").has_no_button("Decide")
        for number, department in enumerate(departments):
            department.goes_to("Calls").will_see(case)
            who = {"Staff number": f"d-{number}", "Post": "副主任"}
            department.sends("Respond", who, under="Respond").sees("to report in")
            department.sends("Report in", {**who, "This person is in charge": True}, under="Report in").will_see("at work")
            department.sends("Done", {"Outcome": "solved", "What was done": "收费停止，车辆清退"}, under="Done")
            department.sees("It has been recorded")
        resident.will_see("Say how it ended")
        resident.sends("Send the rating", {"How satisfied": "Dissatisfied", "What you want to say": "晚上又有人收费"},
                       under="Say how it ended")
        resident.will_see("reopened")
        street.opens(f"/cases/{case}").will_see("晚上又有人收费")
        street.will_see("Blow the whistle")
        street.sends("Call them", {"Note": "请晚间到场"}, under="Blow the whistle").sees("Call 2")
        for number, department in enumerate(departments):
            department.goes_to("Calls").will_see("请晚间到场")
            who = {"Staff number": f"d-{number}", "Post": "副主任"}
            department.sends("Respond", who, under="Respond").sees("to report in")
            department.sends("Report in", {**who, "This person is in charge": True}, under="Report in").will_see("at work")
            department.sends("Done", {"Outcome": "solved", "What was done": "石墩已安装，夜间巡查"}, under="Done")
            department.sees("It has been recorded")
        resident.will_see("Say how it ended")
        resident.sends("Send the rating", {"How satisfied": "Satisfied"}, under="Say how it ended").will_see("It is closed")


if __name__ == "__main__":
    unittest.main()

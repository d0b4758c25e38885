"""Every room of everybody, as it looks: axe finds nothing, nothing sticks out of a telephone, in light and dark, in every language;
and without the script everything but live lines works."""

import unittest

from axe_playwright_python.sync_playwright import Axe

from house import shared
from people import Person

# The list's headings, with a name below each, in English and Chinese: whoever has rooms.
EVERYBODY = [
    (("Resident", "Resident"), ("群众", "群众")),
    (("Grid worker", ""), ("网格员", "")),
    (("Community", "昙华林社区"), ("社区", "昙华林社区")),
    (("Street command centre", "Liangdao"), ("街道调度指挥中心", "粮道街")),
    (("Enforcement centre", "Liangdao"), ("综合执法中心", "粮道街")),
    (("Department", "Construction Bureau"), ("部门", "区建设局")),
    (("District", ""), ("区指挥中心", "")),
    (("Operator", ""), ("运维", "")),
    (("Auditor", ""), ("审计", "")),
]
PHONE, DESK = 360, 1440


class Looks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = shared()
        resident = Person(cls.house, "wuchang", "Resident", "Resident", "looks-1")
        resident.sends("Send", {
            "What is it": "昙华林历史文化街区人车混行", "Which street": "昙华林社区", "Category": "Vehicles by time window",
        })
        cls.case = resident.number()
        street = Person(cls.house, "wuchang", "Street command centre", "Liangdao", "looks-2")
        street.goes_to("Inbox").will_see(cls.case)
        street.opens(f"/cases/{cls.case}").will_see("Blow the whistle")
        street.sends("Call them", {"Note": "请到现场"}, under="Blow the whistle")
        resident.page.context.close()
        street.page.context.close()

    def test_every_room_of_everybody(self):
        axe = Axe()
        seen = 0
        for number, names in enumerate(EVERYBODY):
            for which, (language, width, scheme) in enumerate([("en", PHONE, "dark"), ("zh-CN", DESK, "light")]):
                person = Person(self.house, "wuchang", *names[which], f"looks-{number}-{width}", language, width=width,
                                color_scheme=scheme)
                links = person.page.get_by_role("navigation").get_by_role("link")
                rooms = [link.get_attribute("href") for link in links.all()]
                case = [f"/cases/{self.case}"] if number in (2, 3, 5, 6) else []
                for room in [*rooms, *case, *(MORE if names[0][0] == "District" else [])]:
                    with self.subTest(who=names[0][0], room=room, language=language, width=width):
                        person.opens(room)
                        self.look(axe, person.page)
                        seen += 1
                person.page.context.close()
        self.assertGreater(seen, 90)

    def look(self, axe, page):
        found = axe.run(page).response["violations"]
        told = [(it["id"], it["impact"], [node["html"][:200] for node in it["nodes"][:3]]) for it in found]
        self.assertEqual(told, [], page.url)
        out = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        self.assertLessEqual(out, 0, f"{page.url} is wider than the screen by {out} px")
        self.assertEqual(page.locator("h1").count(), 1)

    def test_forms_folded_open_are_as_good(self):
        axe = Axe()
        for group, name in [("Street command centre", "Liangdao"), ("District", "")]:
            street = Person(self.house, "wuchang", group, name, "looks-open", width=PHONE)
            street.opens(f"/cases/{self.case}")
            street.page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
            with self.subTest(group):
                self.look(axe, street.page)
            street.page.context.close()

    def test_one_comes_to_the_content_with_the_keyboard(self):
        person = Person(self.house, "wuchang", "Street command centre", "Liangdao", "looks-keys")
        person.page.keyboard.press("Tab")
        skip = person.page.get_by_role("link", name="Skip to the content")
        self.assertTrue(skip.evaluate("it => it === document.activeElement"))
        person.page.keyboard.press("Enter")
        self.assertEqual(person.page.evaluate("document.activeElement.id"), "main")
        person.page.context.close()

    def test_without_the_script_one_reports_and_follows(self):
        person = Person(self.house, "wuchang", "Resident", "Resident", "looks-plain", java_script_enabled=False)
        person.sends("Send", {"What is it": "井盖不见了", "Which street": "昙华林社区"}).sees("We have it")
        person.will_see("It was received")
        person.page.context.close()


# Parts of rooms that have addresses of their own.
MORE = [
    "/charter?show=organisation",
    "/charter?show=catalogue",
    "/charter?show=grading",
    "/charter?show=situations",
    "/charter?show=limits",
    "/charter?show=route&title=路灯不亮",
]


if __name__ == "__main__":
    unittest.main()

"""The pictures of docs/screenshots: each room that people ask about, in Chinese and in English, with something going on in it."""

import pathlib

from house import ROOT, House
from people import Person

FOLDER = ROOT / "docs/screenshots"
PHONE = {"width": 390, "height": 780}
DESK = {"width": 1120, "height": 760}
MATTERS = [
    ("昙华林历史文化街区人车混行", "昙华林社区", "Vehicles by time window"),
    ("胭脂路路灯连续三天不亮", "胭脂路社区", ""),
    ("民主路积水没过脚踝", "民主路社区", ""),
    ("凤凰城地下车库堆满杂物", "凤凰城社区 · 第一网格", "Fire hazard"),
    ("临江社区门口井盖松动", "临江社区 · 第一网格", ""),
    ("得胜桥出店经营占道", "昙华林社区", "Occupied road"),
]
# What the picture begins with, where it is not the head of the page.
DOWN_TO = {"figures": "#map", "rules": "form[action='/charter'] .field:nth-of-type(3)"}
# The words of the pages that are needed to get to what is shown.
WORDS = {
    "zh": {
        "locale": "zh-CN", "resident": ("群众", "群众"), "street": ("街道调度指挥中心", "粮道街"), "centre": ("综合执法中心", "积玉桥街"),
        "department": ("部门", "武昌交通大队"), "district": ("区指挥中心", ""), "grid": ("网格员", "凤凰城社区 · 第一网格"),
    },
    "en": {
        "locale": "en", "resident": ("Resident", "Resident"), "street": ("Street command centre", "Liangdao"),
        "centre": ("Enforcement centre", "Jiyuqiao"), "department": ("Department", "Wuchang Traffic Police"), "district": ("District", ""),
        "grid": ("Grid worker", "凤凰城社区 · 第一网格"),
    },
}


def play(house):
    """A morning: six matters, one of them called for, one an operation. The number of each."""
    resident = Person(house, "wuchang", "Resident", "Resident", "resident-7")
    numbers = []
    for title, place, category in MATTERS:
        resident.opens("/report")
        typed = {"What is it": title, "Which street": place}
        resident.sends("Send", typed | ({"Category": category} if category else {}))
        numbers.append(resident.number())
    street = Person(house, "wuchang", "Street command centre", "Liangdao", "ld-0001")
    street.opens(f"/cases/{numbers[0]}").will_see("Blow the whistle")
    street.sends("Call them", {"Note": "请到昙华林现场商定分时段限行"}, under="Blow the whistle")
    department = Person(house, "wuchang", "Department", "Construction Bureau", "js-0030")
    department.goes_to("Calls").will_see(numbers[0])
    department.sends("Respond", {"Staff number": "js-0030", "Post": "副局长"}, under="Respond").sees("to report in")
    judge = Person(house, "wuchang", "Street command centre", "Jiyuqiao", "jy-0002")
    judge.opens(f"/cases/{numbers[3]}").will_see("Judge it anew")
    judge.sends("Judge anew", {"Also about": None, "Noise": True, "Occupied road": True, "Why it is above": "需综合执法"}, under="Judge it anew")
    centre = Person(house, "wuchang", "Enforcement centre", "Jiyuqiao", "zf-0001")
    centre.goes_to("Operations").will_see(numbers[3])
    centre.opens(f"/cases/{numbers[3]}")
    centre.sends("Call it", {"Unit": "Water Bureau"}, under="Call a unit to its seat")
    units = {name: True for name in ["Urban Management Bureau", "Wuchang Police", "Fire Brigade"]}
    centre.sends("Decide the path", {
        "What was found": "地下车库堆放易燃杂物，占用消防通道", **units, "Step 1": "现场清理消防通道", "Legal power of step 1": "消防",
    }, under="Assess together")
    centre.sends("Note it", units, under="On site")
    centre.sends("Serve it", {
        "Unit that orders it": "Fire Brigade", "What is ordered": "责令24小时内清除杂物", "Address": "凤凰城地下车库",
        "How it was served": "当场送达，当事人签收",
    }, under="Serve a notice")
    for person in [resident, street, department, judge, centre]:
        person.page.context.close()
    return numbers


def take(house, tag, numbers):
    words = WORDS[tag]
    rooms = [
        ("report", "resident", "/report", PHONE),
        ("follow", "resident", f"/cases/{numbers[0]}", PHONE),
        ("grid", "grid", "/grid", PHONE),
        ("calls", "department", "/calls", {**PHONE, "color_scheme": "dark"}),
        ("inbox", "street", "/inbox", DESK),
        ("case", "street", f"/cases/{numbers[0]}", DESK),
        ("operation", "centre", f"/cases/{numbers[3]}", DESK),
        ("wall", "district", "/wall", {**DESK, "color_scheme": "dark"}),
        ("figures", "district", "/figures", DESK),
        ("rules", "district", "/charter?show=route&title=路灯不亮&place=wuchang-liangdao-tanhualin", DESK),
    ]
    for name, who, address, window in rooms:
        reference = "resident-7" if who == "resident" else f"{who}-1"
        person = Person(house, "wuchang", *words[who], reference, words["locale"], **window)
        person.opens(address)
        if name in DOWN_TO:
            person.page.locator(DOWN_TO[name]).first.evaluate("it => it.scrollIntoView()")
        person.page.screenshot(path=FOLDER / f"{name}-{tag}.png")
        person.page.context.close()


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    house = House()
    try:
        numbers = play(house)
        for tag in WORDS:
            take(house, tag, numbers)
    finally:
        house.close()
    pictures = sorted(pathlib.Path(FOLDER).glob("*.png"))
    print(f"{len(pictures)} pictures in {FOLDER.relative_to(ROOT)}, {sum(it.stat().st_size for it in pictures) // 1024} KB")


if __name__ == "__main__":
    main()

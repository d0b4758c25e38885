"""People in front of a browser. They see no ids: they press what has a text, and fill in what has a label."""

import re
import time

from playwright.sync_api import expect

# Seconds until something that others do can be seen here; a page is loaded again until then.
SEEN_S_MAX = 60


class Person:
    """Somebody, signed in as one of a group of the list, in a window of their own."""

    def __init__(self, house, district, group, name, reference, language="en", **window):
        self.page = house.window(language, **window)
        self.language = language
        self.page.goto(f"/sign-in?district={district}")
        form = self.page.locator("main form")
        choices = form.locator("select")
        # A heading of the list, and a choice below it.
        option = choices.locator(f"optgroup[label='{group}'] option", has_text=name).first
        choices.select_option(value=option.get_attribute("value"))
        form.get_by_role("textbox").first.fill(reference)
        form.get_by_role("button").last.click()
        expect(self.page.get_by_role("navigation")).to_be_visible()

    def opens(self, address):
        self.page.goto(address)
        return self

    def goes_to(self, room):
        """By the menu."""
        self.page.get_by_role("navigation").get_by_role("link", name=room, exact=True).click()
        return self

    def follows(self, text):
        self.page.get_by_role("main").get_by_role("link", name=text).first.click()
        return self


    def sends(self, button, typed, under=None):
        """Fills in a form by its labels and presses its button. `under`: what it folds open by, where there are several."""
        scope = self.page.get_by_role("main")
        if under is not None:
            scope = self._unfolded(scope, under)
        for label, value in typed.items():
            self._fill(scope, label, value)
        scope.get_by_role("button", name=button, exact=True).first.click()
        return self

    def _unfolded(self, scope, under):
        """What folds open by a text, open: the one that says just this, or the first that begins with it or has it in it."""
        folds = scope.locator("details").filter(has=self.page.locator("form"))
        expect(folds.first).to_be_attached()
        titles = [text.strip() for text in folds.locator("> summary").all_inner_texts()]
        fits = [lambda it: it == under, lambda it: it.startswith(under), lambda it: under in it]
        found = next((at for fit in fits for at, title in enumerate(titles) if fit(title)), None)
        assert found is not None, f"nothing folds open by {under!r}: {titles}"
        fold = folds.nth(found)
        if fold.get_attribute("open") is None:
            fold.locator("> summary").click()
        return fold

    def _fill(self, scope, label, value):
        if value is None:
            # What folds up inside a form.
            return scope.locator("summary", has_text=label).first.click()
        field = scope.get_by_label(re.compile("^" + re.escape(label))).first
        if value is True:
            return field.check()
        if field.evaluate("it => it.tagName") == "SELECT":
            texts = field.locator("option").all_text_contents()
            wanted = next((text for text in texts if text.strip() == value), None)
            wanted = wanted or next((text for text in texts if value in text), None)
            assert wanted is not None, f"{label!r} has no choice {value!r}: {texts}"
            return field.select_option(label=wanted)
        return field.fill(value)

    def sees(self, *texts):
        for text in texts:
            expect(self.page.get_by_role("main")).to_contain_text(text, timeout=5_000)
        return self

    def does_not_see(self, *texts):
        for text in texts:
            expect(self.page.get_by_role("main")).not_to_contain_text(text, timeout=5_000)
        return self

    def has_no_button(self, text):
        expect(self.page.get_by_role("button", name=text, exact=True)).to_have_count(0)
        return self

    def will_see(self, text):
        """Loads the page again until it says so: others do their part meanwhile."""
        until = time.monotonic() + SEEN_S_MAX
        main = self.page.get_by_role("main")
        while text not in main.inner_text():
            assert time.monotonic() < until, f"{self.page.url} does not say {text!r}:\n{main.inner_text()}"
            self.page.reload()
        return self

    def says(self):
        return self.page.get_by_role("main").inner_text()

    def number(self):
        """The number of the case that the page is about."""
        found = re.search(r"\d{6}-[0-9a-z]{7}", self.says())
        assert found, self.says()
        return found.group()

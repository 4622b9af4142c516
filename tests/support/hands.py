"""Who uses a page: with a mouse, or with a keyboard alone."""

from playwright.sync_api import Locator, Page, expect

__all__ = ["Keyboard", "Mouse"]


class Mouse:
    """Who presses with a mouse; `actions` are counted."""

    def __init__(self) -> None:
        self.actions = 0

    def press(self, target: Locator) -> None:
        """Press a link or a button."""
        self.actions += 1
        target.click()

    def write(self, field: Locator, text: str) -> None:
        """Replace what stands in a field."""
        self.actions += 1
        field.click()
        field.fill(text)


class Keyboard:
    """Who has a keyboard alone: everything is reached by Tab and pressed by Enter; `actions` are counted, not the Tabs."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.actions = 0

    def press(self, target: Locator) -> None:
        """Press a link or a button."""
        self.actions += 1
        self._reach(target)
        self._page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        """Replace what stands in a field."""
        self.actions += 1
        self._reach(field)
        self._page.keyboard.press("ControlOrMeta+a")
        self._page.keyboard.type(text)

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(120):
            if target.evaluate("element => element === document.activeElement"):
                return
            self._page.keyboard.press("Tab")
        raise AssertionError(f"{target} is not reached by Tab")

/* What only the browser knows or does: light or dark, and where the focus goes when a page turns. */
(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let arrived = false;

  dark.addEventListener("change", function () {
    window.dash_clientside.set_props("scheme", { data: dark.matches ? "dark" : "light" });
  });

  /* A menu closes as menus do: by Escape, or when something else is pressed. */
  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(except)) {
        menu.open = false;
      }
    });
  }
  document.addEventListener("pointerdown", function (event) {
    closeMenus(event.target);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      closeMenus(null);
    }
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    viz: {
      scheme: function () {
        return dark.matches ? "dark" : "light";
      },
      arrive: function (title) {
        if (title) {
          document.title = title + " · ntdemo";
          if (arrived) {
            document.getElementById("content").focus({ preventScroll: true });
          }
          arrived = true;
        }
        return window.dash_clientside.no_update;
      },
    },
  });
})();

/* For pages that draw on a canvas on the server's instructions: keep `?scheme=` what the reader prefers. */
(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function follow() {
    const address = new URL(window.location.href);
    const wanted = dark.matches ? "dark" : "light";
    if ((address.searchParams.get("scheme") || "light") !== wanted) {
      address.searchParams.set("scheme", wanted);
      window.location.replace(address);
    }
  }

  dark.addEventListener("change", follow);
  follow();
})();

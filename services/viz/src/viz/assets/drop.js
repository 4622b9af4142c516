/* A zone that takes a file, dropped or chosen: the field is made here, for Dash has none that hands the file itself on. */
(function () {
  "use strict";

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.viz = Object.assign(window.dash_clientside.viz || {}, {
    /* `take` gets the file. What stands already stays. */
    takeFiles: function (zone, place, field, take) {
      const [area, holder] = [document.getElementById(zone), document.getElementById(place)];
      if (!area || !holder || holder.firstChild) {
        return;
      }
      const input = Object.assign(document.createElement("input"), { type: "file" }, field);
      input.addEventListener("click", () => (input.value = "")); // the same file, written anew, is a choice as well
      input.addEventListener("change", () => taken(input.files));
      holder.appendChild(input);
      area.addEventListener("dragover", function (event) {
        event.preventDefault();
        area.classList.add("over");
      });
      area.addEventListener("dragleave", () => area.classList.remove("over"));
      area.addEventListener("drop", function (event) {
        event.preventDefault();
        area.classList.remove("over");
        taken(event.dataTransfer.files);
      });

      function taken(files) {
        if (files[0]) {
          take(files[0]);
        }
      }
    },
  });
})();

/* A structure is drawn beside the field that it belongs to. The editor, openchemlib, is fetched when it is first wanted. */
(function () {
  "use strict";
  const SOURCE = "/vendor/openchemlib/openchemlib.js";

  document.addEventListener("click", function (event) {
    const button = event.target.closest && event.target.closest("[data-draws]");
    if (button) {
      toggle(button);
    }
  });

  function toggle(button) {
    const field = button.dataset.draws;
    const panel = document.getElementById(field + "-editor");
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (panel.hidden) {
      return;
    }
    const told = panel.querySelector(".editor-told");
    told.textContent = window.dash_clientside.viz.said("opening");
    import(SOURCE).then(
      function (openchemlib) {
        told.textContent = window.dash_clientside.viz.said("drawn");
        open(openchemlib, field, panel);
      },
      function () {
        told.textContent = window.dash_clientside.viz.said("not-opened");
      },
    );
  }

  function open(openchemlib, field, panel) {
    if (!panel.editor) {
      panel.editor = new openchemlib.CanvasEditor(panel.querySelector(".editor-place"), { initialMode: "molecule" });
      panel.editor.setOnChangeListener(function (change) {
        if (change.type === "molecule" && change.isUserEvent) {
          const drawn = panel.editor.getMolecule();
          const smiles = drawn.getAllAtoms() ? drawn.toIsomericSmiles() : "";
          window.dash_clientside.set_props(field, { value: smiles });
        }
      });
    }
    const written = document.getElementById(field).value.trim();
    try {
      panel.editor.setMolecule(openchemlib.Molecule.fromSmiles(written));
    } catch {
      panel.editor.clearAll(); // names of fragments, say
    }
  }
})();

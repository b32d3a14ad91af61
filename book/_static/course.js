/* Small repairs to the theme's pages for people who read with the keyboard or a screen reader. */
(function () {
  "use strict";
  function each(selector, change) { document.querySelectorAll(selector).forEach(change); }

  function label() {
    // A control whose label differs from the words seen on it cannot be named by voice.
    each("button.search-button-field, details > summary[aria-label]", function (e) { e.removeAttribute("aria-label"); });
    // The sidebar's title belongs to no landmark.
    each("#pst-primary-sidebar", function (e) { e.setAttribute("role", "region"); e.setAttribute("aria-label", "Course"); });
    // Sphinx gives references roles that do not fit a <div>.
    each(".citation-list, .citation", function (e) { e.removeAttribute("role"); });
    // The empty corner of a table heads nothing.
    each(".bd-article thead th", function (e) {
      if (e.textContent.trim()) return;
      var cell = document.createElement("td");
      cell.className = e.className;
      e.replaceWith(cell);
    });
  }

  function icons() {
    // The three pictures on the colour switch are titled; the button already has a name.
    each("button.theme-switch-button > *", function (e) {
      e.querySelectorAll("title").forEach(function (t) { t.remove(); });
      ["title", "role", "aria-labelledby"].forEach(function (a) { e.removeAttribute(a); });
      e.setAttribute("aria-hidden", "true");
    });
  }

  function reach() {
    // What scrolls inside itself must be reachable with the Tab key.
    each(".bd-article div.math, .bd-article mjx-container, .bd-article .cell_output, .bd-article .cell_output .output", function (e) {
      if (e.scrollWidth > e.clientWidth + 1) e.tabIndex = 0;
      else if (e.matches("div.math, mjx-container")) e.removeAttribute("tabindex");
    });
  }

  function start() {
    label();
    icons();
    each("button.theme-switch-button", function (e) { new MutationObserver(icons).observe(e, { childList: true }); });
    reach();
    if (window.MathJax && window.MathJax.startup) window.MathJax.startup.promise.then(reach);
  }
  window.addEventListener("load", start);
  window.addEventListener("resize", reach);
})();

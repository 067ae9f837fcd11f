// Two menus that hide what is not of one section, or has not one finding. Without this script everything is shown.
"use strict";
{
  const sections = [...document.querySelectorAll("section")].filter(s => s.querySelector("td[data-finding]"));
  const name = section => section.querySelector("h2").textContent;
  const fill = (id, values) => {
    const menu = document.getElementById(id);
    for (const value of new Set(values)) menu.add(new Option(value, value));
    menu.onchange = show;
    return menu;
  };
  const section = fill("section", sections.map(name));
  const finding = fill("finding", [...document.querySelectorAll("td[data-finding]")].map(cell => cell.textContent));
  function show() {
    for (const each of sections) {
      each.hidden = section.value !== "" && name(each) !== section.value;
      for (const row of each.querySelectorAll("tbody tr")) {
        const cell = row.querySelector("td[data-finding]");
        row.hidden = cell && finding.value !== "" && cell.textContent !== finding.value;
      }
    }
  }
  document.getElementById("filter").hidden = false;
}

// Printing asks the browser for it; everything else on the page is links and forms.
document.getElementById("print")?.addEventListener("click", () => window.print());

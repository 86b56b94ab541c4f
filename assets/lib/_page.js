/* Loaded first (Dash loads by name): the one global that every other file adds its part to, and what the server told. */
window.metrics = { page: JSON.parse(document.getElementById("page-data").textContent), answer: null };
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.metrics = {};

/* What the parts of the board share: the elements, the words, one way to ask the server, and what is going on. */
(function () {
	"use strict";

	const $ = (id) => document.getElementById(id);
	const root = () => $("board");
	const list = () => $("bd-scenes");
	const cards = () => [...(list()?.children ?? [])].filter((child) => child.dataset.id && !child.classList.contains("sortable-fallback") && !child.classList.contains("bd-gone"));
	const words = (name, values = {}) => Object.entries(values).reduce((text, [key, value]) => text.replace(`%${key}`, value), $("bd-words").dataset[name]);
	const announce = (text) => { $("bd-announce").textContent = text; };
	const number = (card) => cards().indexOf(card) + 1;

	function post(url, values, source) {
		source ??= document.querySelector("#bd-live, #bd-panel-body");
		return htmx.ajax("POST", url, { source, swap: "none", values });
	}

	window.studioBoard = {
		$, root, list, cards, words, announce, number, post,
		dragging: false, // a scene is in the hand: news wait
		waiting: [], // the news that wait
		stable: [], // the order that the server has
		picked: new Set(), // ids of the selected scenes
		sentForm: null, // the form of the panel that was sent last
	};
})();

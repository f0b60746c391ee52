/* Two takes, A and B, compared by a wipe. */

import { $, panelBody, showWhole } from "./base.js";

export function wiped() {
	const figure = document.querySelector("[data-wipe]");
	if (!figure) return null;
	const side = (name) =>
		panelBody().querySelector(`[data-side-${name}][aria-pressed=true]`)?.closest("[data-take]")
			.dataset.take;
	return {
		on: figure.dataset.on === "1",
		a: side("a"),
		b: side("b"),
		at: figure.style.getPropertyValue("--at"),
	};
}

export function rewipe(was) {
	const figure = document.querySelector("[data-wipe]");
	if (!was || !figure) return;
	for (const name of ["a", "b"]) {
		const take = was[name] && $(`take-${was[name]}`);
		if (was.on && take) setSide(take, name);
	}
	if (was.on) turnWipe(true);
	if (was.at) figure.style.setProperty("--at", was.at);
}

function setSide(take, name) {
	const figure = document.querySelector("[data-wipe]");
	const shown = figure.querySelector(`[data-side=${name}]`);
	if (!shown) return;
	if (shown.getAttribute("src") !== take.dataset.large) shown.src = take.dataset.large;
	for (const button of panelBody().querySelectorAll(`[data-side-${name}]`))
		button.setAttribute("aria-pressed", String(take.contains(button)));
}

function turnWipe(on) {
	const figure = document.querySelector("[data-wipe]");
	figure.dataset.on = on ? "1" : "";
	figure.querySelectorAll("[data-side=b], .bd-wipe-line, .bd-wipe-name, input").forEach((part) => {
		part.hidden = !on;
	});
	panelBody().querySelector("[data-wipe-on]")?.setAttribute("aria-pressed", String(on));
}

document.addEventListener("click", (event) => {
	const button = event.target.closest?.("[data-wipe-on], [data-side-a], [data-side-b]");
	if (!button) return;
	const figure = document.querySelector("[data-wipe]");
	if (button.matches("[data-wipe-on]")) return turnWipe(figure.dataset.on !== "1");
	setSide(button.closest("[data-take]"), button.matches("[data-side-a]") ? "a" : "b");
	if (button.matches("[data-side-b]")) turnWipe(true);
	showWhole(figure);
});
document.addEventListener("input", (event) => {
	if (!event.target.matches("[data-wipe-at]")) return;
	event.target.closest("[data-wipe]").style.setProperty("--at", `${event.target.value}%`);
});
for (const name of ["play", "pause", "seeked"]) {
	document.addEventListener(
		name,
		(event) => {
			const video = event.target;
			if (!video.matches?.("video[data-side=a]")) return;
			const other = video.parentElement.querySelector("video[data-side=b]:not([hidden])");
			if (!other) return;
			other.currentTime = video.currentTime;
			if (name === "play") other.play();
			if (name === "pause") other.pause();
		},
		true,
	);
}

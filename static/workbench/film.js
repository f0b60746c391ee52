/* A film under review: keys of an editor, the time code, and drawings on the frame. */

import { frameAt, timecode } from "./clock.js";
import { Ink } from "./ink.js";
import { lightAddress } from "./slow.js";

const FASTEST = 8;
const video = document.getElementById("rv-film");
const light = document.querySelector("[data-light]")?.dataset.light;
const lighter = lightAddress(light, location.search, navigator.connection);
if (video && lighter) location.replace(lighter);
else if (video) start();

function start() {
	const fps = Number(video.dataset.fps) || 24;
	const bar = document.querySelector("[data-transport]");
	const code = bar.querySelector("[data-code]");
	const shown = bar.querySelector("[data-rate]");
	bar.hidden = false;
	const ink = new Ink(video);
	let back = 0; // how fast it runs backwards
	let last = 0;

	function show() {
		code.textContent = timecode(video.currentTime, fps);
		const rate = back ? -back : video.paused ? 0 : video.playbackRate;
		shown.textContent = rate && rate !== 1 ? `${rate}×` : "";
	}

	function reverse(now) {
		if (!back) return;
		video.currentTime = Math.max(0, video.currentTime - ((now - last) / 1000) * back);
		last = now;
		if (video.currentTime <= 0) back = 0;
		else requestAnimationFrame(reverse);
		show();
	}

	function forwards() {
		back = 0;
		if (video.paused) {
			video.playbackRate = 1;
			video.play().catch(() => {});
		} else video.playbackRate = Math.min(FASTEST, video.playbackRate * 2);
	}

	function backwards() {
		video.pause();
		back = Math.min(FASTEST, back ? back * 2 : 1);
		last = performance.now();
		requestAnimationFrame(reverse);
	}

	function stop() {
		back = 0;
		video.pause();
		video.playbackRate = 1;
	}

	function step(frames) {
		stop();
		const frame = frameAt(video.currentTime, fps) + frames;
		/* A little after the frame begins, so that rounding does not show the one before it. */
		video.currentTime = Math.max(0, Math.min(video.duration || 0, (frame + 0.1) / fps));
	}

	const keys = {
		" ": () => (video.paused && !back ? forwards() : stop()),
		k: stop,
		l: forwards,
		j: backwards,
		",": () => step(-1),
		".": () => step(1),
		d: () => document.querySelector("[data-pen]")?.click(),
	};
	document.addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
			return;
		const target = event.target;
		if (target.matches?.("input, textarea, select, [contenteditable]")) return;
		if (event.key === " " && target.closest?.("button, a, summary, video")) return;
		const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
		if (!act) return;
		event.preventDefault();
		act();
		show();
	});
	for (const name of ["timeupdate", "seeked", "play", "pause", "ratechange", "loadedmetadata"])
		video.addEventListener(name, show);
	document.addEventListener("keydown", (event) => {
		if (
			event.key === "Enter" &&
			(event.ctrlKey || event.metaKey) &&
			event.target.matches?.("textarea")
		)
			event.target.form?.requestSubmit();
	});

	/* A comment shows its drawing while the film stands at its time. */
	document.addEventListener("click", (event) => {
		const mark = event.target.closest(".rv-time");
		if (!mark) return;
		stop();
		ink.show(mark.dataset.drawing ? JSON.parse(mark.dataset.drawing) : []);
	});
	video.addEventListener("play", () => ink.hide());

	/* Comments that come in by themselves wait while somebody writes an answer. */
	document.addEventListener("htmx:beforeRequest", (event) => {
		const list = event.detail.elt;
		if (
			list.id === "comments" &&
			[...list.querySelectorAll("details[open] textarea")].some((field) => field.value)
		)
			event.preventDefault();
	});
}

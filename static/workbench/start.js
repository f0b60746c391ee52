/* The workbench of a story: player, strip, and the scene at the playhead. */

import { takeRest } from "../board/rest.js";
import { Find } from "./find.js";
import { Player } from "./player.js";
import { Side } from "./side.js";
import { Strip } from "./strip.js";
import { Timeline } from "./timeline.js";

const FASTEST = 4;

const root = document.getElementById("wb");
if (root) start();

function start() {
	const words = root.querySelector("[data-wb-texts]").dataset;
	const texts = (name, values = {}) =>
		Object.entries(values).reduce(
			(text, [key, value]) => text.replace(`%${key}`, value),
			words[name],
		);
	const timeline = new Timeline(root);
	timeline.onChange(() => takeRest(timeline.scenes));
	const player = new Player(root, timeline);
	const strip = new Strip(root, timeline, player, texts);
	new Side(root, timeline, player, texts);
	new Find(timeline, texts);
	timeline.onChange(() => {
		root.hidden = !timeline.scenes.length;
	});
	timeline.onChange(() => root.hidden || strip.perSecond || strip.layout());
	timeline.load();

	/* The board's news change the scenes; what is played follows, unless a block is in the hand. */
	let later = null;
	document.addEventListener("htmx:oobAfterSwap", (event) => {
		if (event.detail.target?.id !== "bd-news") return;
		clearTimeout(later);
		later = setTimeout(() => !strip.dragging && timeline.load(), 250);
	});

	const acts = {
		before: () =>
			strip.choose(
				player.at - player.scene.start > 1 ? player.scene.index : player.scene.index - 1,
			),
		after: () => strip.choose(player.scene.index + 1),
		play: () => player.toggle(),
		sound: (button) => {
			player.sound.on = !player.sound.on;
			player.film.muted = !player.sound.on;
			if (!player.sound.on) player.sound.pause();
			press(button, player.sound.on, "volume_up", "volume_off");
		},
		captions: (button) => {
			player.withCaptions = !player.withCaptions;
			press(button, player.withCaptions, "closed_caption", "closed_caption_disabled");
			player.draw();
		},
		full: () =>
			document.fullscreenElement
				? document.exitFullscreen()
				: root.querySelector(".wb-player").requestFullscreen(),
	};

	function press(button, on, icon, off) {
		button.setAttribute("aria-pressed", String(on));
		button.querySelector(".vp-icon").textContent = on ? icon : off;
	}

	root.addEventListener("click", (event) => {
		const button = event.target.closest("[data-wb-do]");
		if (button && player.scene) acts[button.dataset.wbDo](button);
	});
	root.querySelector("[data-wb-split]")?.addEventListener("click", () => player.pause());

	const keys = {
		" ": () => player.toggle(),
		k: () => player.pause(),
		l: () => player.play(player.rate > 0 ? Math.min(FASTEST, player.rate * 2) : 1),
		j: () => player.play(player.rate < 0 ? Math.max(-FASTEST, player.rate * 2) : -1),
		",": () => player.step(-1),
		".": () => player.step(1),
		s: () => root.querySelector("[data-wb-split]:not([hidden])")?.click(),
	};
	document.addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey || root.hidden || !player.scene) return;
		if (document.querySelector("dialog[open], [popover]:popover-open")) return;
		const target = event.target;
		if (target.matches?.("input:not([type=range]), textarea, select, [contenteditable]")) return;
		if (event.key === " " && target.closest?.("button, a, summary, [role=menuitem]")) return;
		const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
		if (!act) return;
		event.preventDefault();
		act();
	});
}

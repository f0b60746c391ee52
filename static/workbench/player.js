/* Plays what exists now: the clip of a scene, else its picture with the move of the camera, else its words. Nothing is rendered. */

import { transform } from "./camera.js";
import { clock } from "./clock.js";
import { Sound } from "./sound.js";

const CLIP_DRIFT = 0.25; // seconds that a clip may be off before it is moved
const FRAME = 1 / 24;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Player extends EventTarget {
	constructor(root, timeline) {
		super();
		this.timeline = timeline;
		const find = (name) => root.querySelector(`[data-wb-${name}]`);
		this.stage = find("stage");
		this.layers = [...root.querySelectorAll(".wb-layer")];
		this.film = root.querySelector(".wb-film");
		this.words = find("words");
		this.caption = find("caption");
		this.seek = find("seek");
		this.time = find("time");
		this.rateText = find("rate");
		this.button = find("play");
		this.version = find("version");
		this.sound = new Sound(timeline);
		this.at = 0;
		this.rate = 0; // 0: it stands
		this.withCaptions = true;
		this.front = 0;
		this.scene = null;
		this.frame = this.frame.bind(this);
		this.seek.addEventListener("input", () => this.go(Number(this.seek.value)));
		this.seek.addEventListener("keydown", (event) => {
			const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
			if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
			event.preventDefault();
			this.go(this.at + by);
		});
		this.version.addEventListener("change", () => this.choose(this.version.value));
		this.film.addEventListener("loadedmetadata", () => this.measure());
		timeline.onChange(() => this.renew());
	}

	get length() {
		return this.version.value && Number.isFinite(this.film.duration)
			? this.film.duration
			: this.timeline.seconds;
	}

	renew() {
		const before = this.scene?.id;
		this.scene = null;
		this.measure();
		const same =
			before && !this.rate ? this.timeline.scenes.find((one) => one.id === before) : null;
		if (same && (this.at < same.start || this.at >= same.start + same.seconds))
			this.at = same.start;
		this.go(Math.min(this.at, Math.max(0, this.length - 0.001)));
	}

	measure() {
		this.seek.max = String(this.length);
		this.button.disabled = !this.length;
	}

	choose(url) {
		this.pause();
		this.film.hidden = !url;
		if (url) this.film.src = url;
		else this.film.removeAttribute("src");
		this.measure();
		this.go(Math.min(this.at, this.length));
	}

	go(seconds) {
		this.at = Math.max(0, Math.min(seconds, Math.max(0, this.length - 0.001)));
		if (this.version.value) this.film.currentTime = this.at;
		this.draw();
		if (!this.rate) this.sound.pause();
	}

	step(frames) {
		this.pause();
		this.go(this.at + frames * FRAME);
	}

	toggle() {
		if (this.rate) this.pause();
		else this.play();
	}

	play(rate = 1) {
		if (!this.length) return;
		if (this.at >= this.length - 0.01 && rate > 0) this.at = 0;
		const stood = !this.rate;
		this.rate = rate;
		if (this.version.value) {
			this.film.muted = !this.sound.on;
			if (rate > 0) {
				this.film.playbackRate = rate;
				this.film.currentTime = this.at;
				this.film.play().catch(() => this.pause());
			} else this.film.pause();
		}
		this.last = performance.now();
		if (stood) requestAnimationFrame(this.frame);
		this.show();
	}

	pause() {
		this.rate = 0;
		this.sound.pause();
		this.film.pause();
		for (const layer of this.layers) layer.querySelector("video").pause();
		this.show();
	}

	frame(now) {
		if (!this.rate) return;
		// The time of the first frame may be before that of the press.
		const passed = Math.min(0.25, Math.max(0, (now - this.last) / 1000));
		this.last = now;
		const ofFilm = this.version.value && this.rate > 0;
		this.at = ofFilm ? this.film.currentTime : this.at + passed * this.rate;
		const isOver = this.rate > 0 ? this.at >= this.length : this.at <= 0;
		if (isOver || (ofFilm && this.film.ended)) {
			this.at = Math.max(0, Math.min(this.at, this.length - 0.001));
			this.pause();
		}
		if (this.version.value && !ofFilm && this.rate) this.film.currentTime = this.at;
		if (!this.version.value && this.rate) this.sound.follow(this.at, this.rate);
		this.draw();
		if (this.rate) requestAnimationFrame(this.frame);
	}

	show() {
		const playing = this.rate !== 0;
		this.button.querySelector(".vp-icon").textContent = playing ? "pause" : "play_arrow";
		this.button.setAttribute(
			"aria-label",
			playing ? this.button.dataset.pause : this.button.dataset.play,
		);
		this.rateText.hidden = !playing || this.rate === 1;
		this.rateText.textContent = `${this.rate}×`;
	}

	draw() {
		const scene = this.timeline.at(this.at);
		if (!scene) return;
		const changed = scene !== this.scene;
		if (changed) {
			this.scene = scene;
			if (!this.version.value) this.enter(scene);
		}
		const card = this.version.value ? null : this.timeline.card(this.at);
		this.words.classList.toggle("wb-card", Boolean(card));
		if (this.version.value) {
			this.words.hidden = true;
			this.caption.hidden = true;
		} else if (card) this.drawCard(card);
		else this.drawScene(scene, this.at - scene.start);
		this.seek.value = String(this.at);
		const shown = `${clock(this.at, true)} / ${clock(this.length)}`;
		if (this.time.textContent !== shown) {
			this.time.textContent = shown;
			this.seek.setAttribute("aria-valuetext", `${shown}, ${scene.n}`);
		}
		this.dispatchEvent(new CustomEvent("time", { detail: { scene, changed } }));
	}

	/* The next scene stands ready behind the one that is shown. */
	enter(scene) {
		const [shown, waiting] = [this.layers[this.front], this.layers[1 - this.front]];
		if (waiting.dataset.scene === scene.id && waiting.dataset.made === made(scene)) {
			this.front = 1 - this.front;
		} else if (shown.dataset.scene !== scene.id || shown.dataset.made !== made(scene))
			fill(shown, scene);
		const [now, other] = [this.layers[this.front], this.layers[1 - this.front]];
		now.classList.add("wb-front");
		other.classList.remove("wb-front");
		other.querySelector("video").pause();
		const next = this.timeline.scenes[scene.index + 1];
		if (next && other.dataset.scene !== next.id) fill(other, next);
	}

	drawCard(card) {
		this.layers[this.front].querySelector("video").pause();
		this.caption.hidden = true;
		this.words.hidden = false;
		if (this.words.textContent !== card.text) this.words.textContent = card.text;
	}

	drawScene(scene, within) {
		const layer = this.layers[this.front];
		if (scene.clip) {
			const video = layer.querySelector("video");
			const place = Math.min(
				within,
				Number.isFinite(video.duration) ? Math.max(0, video.duration - 0.04) : within,
			);
			if (Math.abs(video.currentTime - place) > (this.rate === 1 ? CLIP_DRIFT : FRAME / 2))
				video.currentTime = place;
			if (
				this.rate === 1 &&
				video.paused &&
				!video.ended &&
				place < (video.duration || Infinity) - 0.1
			)
				video.play().catch(() => {});
			else if (this.rate !== 1) video.pause();
		} else if (scene.image) {
			layer.querySelector("img").style.transform = still.matches
				? "none"
				: transform(scene.camera, within / scene.seconds);
		}
		const empty = !scene.clip && !scene.image;
		this.words.hidden = !empty;
		if (empty) this.words.textContent = scene.words || scene.shows || scene.title;
		const caption =
			this.withCaptions && !empty
				? scene.captions.find(([start, end]) => within >= start && within < end)
				: null;
		this.caption.hidden = !caption;
		if (caption && this.caption.textContent !== caption[2]) this.caption.textContent = caption[2];
	}
}

const made = (scene) => `${scene.clip}|${scene.image}`;

function fill(layer, scene) {
	layer.dataset.scene = scene.id;
	layer.dataset.made = made(scene);
	const [img, video] = [layer.querySelector("img"), layer.querySelector("video")];
	video.hidden = !scene.clip;
	img.hidden = Boolean(scene.clip) || !scene.image;
	if (scene.clip) {
		video.poster = scene.image || "";
		video.src = scene.clip;
	} else {
		video.removeAttribute("src");
		if (scene.image) img.src = scene.image;
	}
}

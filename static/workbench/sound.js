/* The takes that are heard at a time. Each has an element of its own while it is near. */

const AHEAD = 4; // seconds before a take is heard that it is fetched
const DRIFT = 0.15; // seconds that a take may be off before it is moved

const volume = (decibels) => Math.max(0, Math.min(1, 10 ** (decibels / 20)));

export class Sound {
	constructor(timeline) {
		this.timeline = timeline;
		this.elements = new Map(); // key of the sound: element
		this.on = true;
	}

	/* Called for each frame while the film plays. */
	follow(at, rate) {
		const { sounds, duck } = this.timeline;
		const spoken = sounds.some((one) => one.speech && at >= one.start && at < one.end);
		for (const one of sounds) {
			const key = `${one.url}@${one.start}`;
			const near = at >= one.start - AHEAD && at < one.end;
			let element = this.elements.get(key);
			if (!near) {
				if (element) this.drop(key, element);
				continue;
			}
			if (!element) {
				element = new Audio(one.url);
				element.preload = "auto";
				this.elements.set(key, element);
			}
			if (!this.on || at < one.start || rate <= 0) {
				element.pause();
				continue;
			}
			const place = (at - one.start) * one.speed;
			if (Number.isFinite(element.duration) && place >= element.duration) {
				element.pause();
				continue;
			}
			element.volume = volume(one.gain - (one.music && spoken ? duck : 0));
			element.playbackRate = one.speed * rate;
			if (Math.abs(element.currentTime - place) > DRIFT * Math.max(1, rate))
				element.currentTime = place;
			if (element.paused) element.play().catch(() => {});
		}
	}

	drop(key, element) {
		element.pause();
		element.removeAttribute("src");
		element.load();
		this.elements.delete(key);
	}

	pause() {
		for (const element of this.elements.values()) element.pause();
	}
}

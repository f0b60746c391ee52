/* The takes that are heard at a time. Each has an element of its own while it is near. */

const AHEAD = 4; // seconds before a take is heard that it is fetched
const DRIFT = 0.15; // seconds that a take may be off before it is moved
const FADE = 0.25; // seconds in which music begins and ends
const SEAM = 0.5; // seconds of overlap where shorter music begins again in the film

/* The part of the volume of music near its ends, so that nothing clicks. */
const edge = (one, at) => Math.max(0, Math.min(1, (at - one.start) / FADE, (one.end - at) / FADE));

/* The second of a take that is heard then. Music that is shorter is repeated. */
const placeIn = (one, at, duration) => {
	const place = (at - one.start) * one.speed + one.offset;
	if (!one.music || !Number.isFinite(duration) || duration < 1) return place;
	return place % (duration - Math.min(SEAM, duration / 4));
};

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
			const place = placeIn(one, at, element.duration);
			if (Number.isFinite(element.duration) && place >= element.duration) {
				element.pause();
				continue;
			}
			const level = volume(one.gain - (one.music && spoken ? duck : 0));
			element.volume = one.music ? level * edge(one, at) : level;
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

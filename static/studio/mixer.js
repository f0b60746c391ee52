/* The mixer: the film plays with its tracks, whose levels are those of the sliders. */
const MUTED = -60;
const FADE = 0.15; // seconds in which music falls and rises
const DRIFT = 0.12; // seconds by which a track may be off before it is moved

const mixer = document.querySelector("[data-mixer]");
if (mixer) start(mixer);

function start(root) {
	const video = document.getElementById(root.dataset.film);
	const duck = root.querySelector(`[name="${root.dataset.duck}"]`);
	const listen = root.querySelector("[data-mixer-listen]");
	const words = document.getElementById("mixer-speaking");
	const speaking = words ? JSON.parse(words.textContent) : [];
	const sliders = [...root.querySelectorAll("input[type=range]")];
	const tracks = sliders.filter((slider) => slider.dataset.stem);
	const before = new Map();
	let context = null;
	let playing = [];

	const gain = (decibels) => (decibels <= MUTED ? 0 : 10 ** (decibels / 20));

	function show(slider) {
		const output = root.querySelector(`output[for="${slider.id}"]`);
		output.textContent = `${Number(slider.value).toFixed(1)} dB`;
		const mute = root.querySelector(`[data-mute="${slider.id}"]`);
		if (mute) mute.setAttribute("aria-pressed", String(Number(slider.value) <= MUTED));
	}

	function levels() {
		const at = video.currentTime;
		const spoken = speaking.some(([first, last]) => at >= first - FADE && at < last + FADE * 2);
		for (const { slider, node } of playing) {
			let level = gain(Number(slider.value));
			if (slider.dataset.track === "music" && spoken) level *= gain(-Number(duck.value));
			node.gain.setTargetAtTime(level, context.currentTime, FADE / 3);
		}
	}

	function open() {
		if (context) return;
		context = new AudioContext();
		playing = tracks.map((slider) => {
			const sound = new Audio(slider.dataset.stem);
			sound.preload = "auto";
			const node = context.createGain();
			context.createMediaElementSource(sound).connect(node).connect(context.destination);
			return { slider, sound, node };
		});
	}

	function follow() {
		for (const { sound } of playing) {
			if (Math.abs(sound.currentTime - video.currentTime) > DRIFT)
				sound.currentTime = video.currentTime;
			sound.playbackRate = video.playbackRate;
			if (video.paused || !listening()) sound.pause();
			else if (sound.paused && !sound.ended) sound.play().catch(() => {});
		}
		if (context) levels();
	}

	const listening = () => listen.querySelector("input").checked;

	for (const slider of sliders) {
		slider.addEventListener("input", () => {
			show(slider);
			if (context) levels();
		});
		const mute = root.querySelector(`[data-mute="${slider.id}"]`);
		if (!mute) continue;
		mute.hidden = false;
		mute.addEventListener("click", () => {
			const muted = Number(slider.value) <= MUTED;
			if (!muted) before.set(slider, slider.value);
			slider.value = muted ? (before.get(slider) ?? 0) : MUTED;
			slider.dispatchEvent(new Event("input"));
		});
		show(slider);
	}

	if (!video || !tracks.length || !listen) return;
	listen.hidden = false;
	listen.addEventListener("change", () => {
		video.muted = listening();
		if (listening()) {
			open();
			context.resume();
		}
		follow();
	});
	for (const name of ["play", "pause", "seeked", "timeupdate", "ratechange", "ended"]) {
		video.addEventListener(name, () => context && follow());
	}
}

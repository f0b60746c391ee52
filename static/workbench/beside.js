/* Two versions of a film side by side: the second follows the time line of the first. */

const DRIFT = 0.08; // seconds between the two beyond which the second is moved
const film = document.getElementById("rv-film");
const other = document.getElementById("rv-beside");
if (film && other) start();

function start() {
	const sound = document.querySelector("[data-beside-sound]");

	/* A shorter version stands at its end while the longer one plays on. */
	function place(limit = 0) {
		const at = Math.min(film.currentTime, other.duration || film.currentTime);
		if (Math.abs(other.currentTime - at) > limit) other.currentTime = at;
	}

	function play() {
		place(DRIFT);
		if (film.currentTime < (other.duration || 0)) other.play().catch(() => {});
	}

	film.addEventListener("play", play);
	film.addEventListener("pause", () => {
		other.pause();
		place();
	});
	film.addEventListener("seeking", () => place());
	film.addEventListener("timeupdate", () => !film.paused && place(DRIFT));
	film.addEventListener("ratechange", () => {
		other.playbackRate = film.playbackRate;
	});
	other.addEventListener("loadedmetadata", () => {
		place();
		if (!film.paused) play();
	});
	place();

	sound.hidden = false;
	sound.addEventListener("click", () => {
		film.muted = !film.muted;
		other.muted = !film.muted;
		sound.setAttribute("aria-pressed", String(film.muted));
	});
}

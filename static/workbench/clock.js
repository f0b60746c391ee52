/* Times as people read them. */

export function clock(seconds, tenths = false) {
	const whole = tenths ? Math.floor(seconds * 10) / 10 : Math.round(seconds);
	const minutes = Math.floor(whole / 60);
	const rest = whole - 60 * minutes;
	return `${minutes}:${tenths ? rest.toFixed(1).padStart(4, "0") : String(rest).padStart(2, "0")}`;
}

/* A scene's length in seconds: to a tenth, within what a scene may be long. */
export function allowed(seconds) {
	return Math.max(1, Math.min(600, Math.round(seconds * 10) / 10));
}

/* The number of the frame that is shown at this time. Browsers round times down, to a millionth
   of a second, so the beginning of a frame may lie a little before it. */
export function frameAt(seconds, fps) {
	return Math.floor(seconds * fps + 0.02);
}

/* m:ss:ff, as an editor counts. */
export function timecode(seconds, fps) {
	const frames = frameAt(seconds, fps);
	const whole = Math.floor(frames / fps);
	return `${clock(whole)}:${String(frames % fps).padStart(2, "0")}`;
}

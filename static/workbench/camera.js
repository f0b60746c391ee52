/* The moves of the camera over a picture, with the numbers of site/media/camera.py. */

const ZOOM = 1.14;
const TRAVEL = 0.12;
const LINEAR = 0.35;
const ROOM = 1 / (1 - TRAVEL);

const smooth = (part) => LINEAR * part + (1 - LINEAR) * part * part * (3 - 2 * part);

/* The CSS transform of the picture at this part of the scene, 0 to 1. */
export function transform(move, part) {
	const done = smooth(Math.max(0, Math.min(1, part)));
	const shift = (done - 0.5) * TRAVEL * 100;
	const moves = {
		push_in: () => `scale(${ZOOM ** done})`,
		pull_out: () => `scale(${ZOOM ** (1 - done)})`,
		pan_left: () => `scale(${ROOM}) translateX(${shift}%)`,
		pan_right: () => `scale(${ROOM}) translateX(${-shift}%)`,
		tilt_up: () => `scale(${ROOM}) translateY(${shift}%)`,
		tilt_down: () => `scale(${ROOM}) translateY(${-shift}%)`,
	};
	return moves[move]?.() ?? "none";
}

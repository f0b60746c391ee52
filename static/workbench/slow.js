/* On a slow connection the film's light copy is played, unless the person has chosen a size. */

const SLOW = new Set(["slow-2g", "2g", "3g"]);

/* False where the browser does not say what the line is like. */
export function isSlow(connection = navigator.connection) {
	return Boolean(connection && (connection.saveData || SLOW.has(connection.effectiveType)));
}

/* The address of the page with the light copy, or null if the page stays as it is. */
export function lightAddress(light, search, connection) {
	if (!light || new URLSearchParams(search).has("size")) return null;
	return isSlow(connection) ? light : null;
}

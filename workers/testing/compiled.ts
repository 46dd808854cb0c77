// What processes under test have compiled, so that each starts in two thirds of the time, as those of an installation do.
import { fileURLToPath } from 'node:url';

/** For NODE_COMPILE_CACHE in a process's environment. */
export const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

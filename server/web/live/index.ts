export { createLiveHub, type LiveHub, type LiveOptions } from './hub.ts';
export { liveStream } from './stream.ts';

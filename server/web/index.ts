export { createLiveHub, type LiveHub, type LiveOptions, liveStream } from './live/index.ts';
export type { PageProblem, PageSession, PagesLoadContext, SignInResult } from './load-context.ts';
export type * from './pages-api.ts';
export { createPagesHandler, type Pages, PagesNotBuiltError, type PagesOptions } from './serve-pages.ts';

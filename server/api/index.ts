export { requireCronSecret } from './cron-auth.ts';
export { answerError } from './errors.ts';
export { securityHeaders } from './headers.ts';
export { apiContext, type RequestDependencies, requestIdOf } from './request-context.ts';
export { refuseCrossSite } from './request-guard.ts';
export { type RestRoute, restApi, restRoutes } from './rest.ts';
export { type AppRouter, appRouter, createCaller } from './router.ts';
export { answerTrpc } from './trpc.ts';

export { GIT_TOKEN, type GitServer, openGitServer } from './git-server.ts';
export { requireGit } from './require-git.ts';
export { type Ask, type Body, connect, describing, openGitopsTenants, text } from './tenants.ts';

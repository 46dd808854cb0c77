export { GIT_TOKEN, type GitServer, openGitServer, requireGit } from './git-server.ts';

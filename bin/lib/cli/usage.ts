/** Wrong words on the command line or a setting that is missing: exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export const HELP = `mainspring: pipelines from the shell

  mainspring run <pipeline> [--param name=value]… [--wait]   queue a run; with --wait until it has ended
  mainspring status [--label key:value]…                     schedules, lag and last runs
  mainspring validate <file or folder>…                      all problems of documents, saving nothing
  mainspring diff -f <file or folder>…                       how documents stand to the pipelines of their names
  mainspring apply -f <file or folder>… [--publish] [--yes]  create pipelines or save new versions, by name; says what
                                                             it would do, and does it only with --yes
  mainspring export [<pipeline>…] [-o <folder>]              documents as YAML; all pipelines when none is named
  mainspring key create --name <for what> --scope <scope>… [--expires-in-days <n>]
                                                             a new API key, shown once: where the database is at hand
                                                             of any tenant, else of the key's own
  mainspring init --email <you> --tenant <slug> [--name <yours>] [--tenant-name <name>] [--admin-email <other>]
                  [--password-stdin]                         beside the database, once: the instance operator, the
                                                             first tenant and its admin
  mainspring secrets rotate                                  beside the database: a new key for stored secrets, and all of
                                                             them sealed with it while the servers go on
  mainspring audit verify                                    walks the audit log's chain: where DATABASE_URL or a home
                                                             has the database in it, every tenant's; else over HTTP

  --url, --key, --tenant   where and as whom; else MAINSPRING_URL, MAINSPRING_API_KEY and MAINSPRING_TENANT;
                           else what bin/start wrote for its demo ($MAINSPRING_HOME/demo.json)
  --json                   answers as JSON instead of tables
  --help

Exit codes: 0 done; 1 a run failed, a document is invalid or differs, a chain is not whole, or the server refused; 2 wrong usage.
`;

// What a repository may have. A folder of a thousand pipelines of four kilobytes fits.

/** YAML files in the folder and below it. */
export const MAX_FILES = 1_000;
/** Entries of all folders that are walked, whatever they are. */
export const MAX_ENTRIES = 20_000;
/** Levels of folders. */
export const MAX_FOLDER_DEPTH = 20;
/** Of all YAML files together; the worst of it takes half a minute to parse. */
export const MAX_TOTAL_YAML_BYTES = 4_194_304;
export const MAX_DOCUMENTS = 1_000;
/** Of one answer of the server: the newest commit with everything in it, packed. */
export const MAX_PACK_BYTES = 33_554_432;
/** Of one file or folder of the repository, unpacked: a thousandth of it is enough to pack this much of zeros. */
export const MAX_OBJECT_BYTES = 16_777_216;
/** Of everything in the commit, unpacked. */
export const MAX_UNPACKED_BYTES = 134_217_728;
/** Files, folders and the commit itself. Each takes some twenty microseconds to look at and more to unpack. */
export const MAX_OBJECTS = 50_000;
/** Lines that the answer with the pack is cut into; Git's own servers fill 64 KB, older ones 1 KB. */
export const MAX_PACK_LINES = 100_000;
/** Repositories that one process reads at once: each may take the memory of a pack and of what it unpacks to. */
export const MAX_READINGS = 2;
/** Readings of one tenant that wait for their turn; a further one is refused. */
export const MAX_WAITING = 2;
/** For all of one reading and for parsing what was read. A tenant whose server is slow must not hold up the others' checks. */
export const READ_DEADLINE_MS = 45_000;
/** Problems that are kept of one document. */
export const MAX_PROBLEMS = 50;
/** Documents in one plan or one apply over the API. */
export const MAX_PLAN_DOCUMENTS = 200;

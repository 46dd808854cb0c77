// All of drizzle-orm's operators by one door. Node reads a package's list of exports anew for each file that imports it, and
// this one's is 180 kB long: for two hundred files that was a third of a process's start.
export * from 'drizzle-orm';

/** Rows on a page that one can choose; the API gives 200 at most. */
export const PAGE_SIZES = [50, 100, 200] as const;

/** The rows that an address asks for (`?rows=`), else the fewest. */
export function pageSizeOf(request: Request): number {
  const asked = Number(new URL(request.url).searchParams.get('rows'));
  return PAGE_SIZES.find((size) => size === asked) ?? PAGE_SIZES[0];
}

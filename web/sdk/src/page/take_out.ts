/** Takes out of a list what stands at a place, and returns it; nothing where the place is −1, as of what is not in it. */
export const takeOut = <T>(list: T[], place: number): T | undefined => list.splice(place >>> 0, 1)[0];

import type { Bucket, QuotaProject } from "../api/types";

export const bucketNames: Record<string, string> = {
  "youtube.upload": "Uploads", "youtube.search": "Searches", "youtube.units": "Units",
};

// From there on people are told.
export const nearEnd = (bucket: Bucket, project: QuotaProject) =>
  bucket.warned || (bucket.used > 0 && bucket.used * 100 >= bucket.limit * project.warn_percent);

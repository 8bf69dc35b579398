// The words of states and answers, in one table: what the API calls them, and what people read.

export type Tone = "neutral" | "info" | "good" | "warn" | "bad";
type Word = { text: string; tone: Tone; hint?: string };

export const announcementStates: Record<string, Word> = {
  pending: { text: "Pending", tone: "neutral", hint: "waits for its trigger" },
  queued: { text: "Queued", tone: "info", hint: "goes out at its time" },
  sending: { text: "Sending", tone: "info", hint: "is on its way to the platform" },
  posted: { text: "Posted", tone: "good" },
  failed: { text: "Failed", tone: "bad", hint: "certainly not posted" },
  unknown: { text: "Unknown", tone: "warn", hint: "it was sent, and nobody knows whether it was posted" },
  disabled: { text: "Disabled", tone: "neutral", hint: "will not be posted" },
};

export const uploadStates: Record<string, Word> = {
  scheduled: { text: "Scheduled", tone: "info", hint: "is uploaded before its slot" },
  uploading: { text: "Uploading", tone: "info", hint: "is on its way to YouTube" },
  uploaded: { text: "Uploaded", tone: "good", hint: "private on YouTube until its slot" },
  published: { text: "Published", tone: "good" },
  failed: { text: "Failed", tone: "bad", hint: "no video of it appears" },
  unknown: { text: "Unknown", tone: "warn", hint: "its last piece was sent, and nobody knows whether the video is there" },
  cancelled: { text: "Cancelled", tone: "neutral", hint: "no video of it appears" },
};

export const episodeStates: Record<string, Word> = {
  draft: { text: "Draft", tone: "neutral", hint: "releases nothing" },
  scheduled: { text: "Scheduled", tone: "info" },
  live: { text: "Live", tone: "good" },
  ended: { text: "Ended", tone: "neutral" },
};

export const connectionStates: Record<string, Word> = {
  connected: { text: "Connected", tone: "good" },
  broken: { text: "Broken", tone: "bad", hint: "nothing is sent over it until it is connected again" },
  disconnected: { text: "Disconnected", tone: "neutral" },
};

export const itemStates: Record<string, Word> = {
  queued: { text: "Queued", tone: "info" },
  claimed: { text: "Claimed", tone: "info" },
  sending: { text: "Sending", tone: "info" },
  done: { text: "Done", tone: "good" },
  failed: { text: "Failed", tone: "bad" },
  unknown: { text: "Unknown", tone: "warn" },
  stopped: { text: "Stopped", tone: "neutral" },
};

export const processingStates: Record<string, Word> = {
  "": { text: "–", tone: "neutral" },
  Queued: { text: "Queued", tone: "info" },
  Processing: { text: "Processing", tone: "info" },
  Completed: { text: "Completed", tone: "good" },
  Error: { text: "Error", tone: "bad" },
  Stopped: { text: "Stopped", tone: "neutral" },
  Filtered: { text: "Filtered", tone: "neutral" },
};

export const platforms: Record<string, string> = {
  bluesky: "Bluesky", discord: "Discord", linkedin: "LinkedIn", mastodon: "Mastodon", threads: "Threads", webhook: "Webhook",
  x: "X", youtube: "YouTube",
};
export const platformName = (name: string) => platforms[name] ?? name;

// What an act came to. Every answer of the API has its own words: none of them is just "ok".
const outcomes: Record<string, Word> = {
  started: { text: "Started: it is being sent.", tone: "info" },
  posted: { text: "Posted.", tone: "good" },
  prevented: { text: "Prevented: it has not been posted, and will not be.", tone: "good" },
  already_stopped: { text: "It was disabled already: nothing will be posted.", tone: "neutral" },
  in_flight: { text: "Too late to prevent: it is being sent. It is not tried again if that fails.", tone: "warn" },
  outcome_unknown: { text: "Nobody knows whether it was posted. Look at the platform, then say what you saw.", tone: "warn" },
  already_posted: { text: "It was posted already.", tone: "warn" },
  already_running: { text: "It is being sent already: no second post begins.", tone: "warn" },
  paused: { text: "Nothing was sent: announcements are paused. An operator resumes them on the queue's page.", tone: "warn" },
  enabled: { text: "Enabled: it is posted at its time.", tone: "good" },
  already_enabled: { text: "It was enabled already.", tone: "neutral" },
  approved: { text: "Approved: this version may go out.", tone: "good" },
  already_approved: { text: "This version was approved already.", tone: "neutral" },
  written: { text: "The text is written.", tone: "good" },
  not_written: { text: "The model did not write a text. The history says why.", tone: "bad" },
  resolved: { text: "Recorded.", tone: "good" },
  failed: { text: "It failed, and was certainly not posted.", tone: "bad" },
};
export const outcome = (answer: string): Word => outcomes[answer] ?? { text: answer.replaceAll("_", " "), tone: "neutral" };

export const triggers: Record<string, string> = {
  live: "when the stream is on",
  before: "minutes before the start",
  at: "at a time",
  ended: "when the stream has ended",
};

// The same kind of thing, counted: "1 record", "12 records".
export const count = (n: number, one: string, many = one + "s") => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");

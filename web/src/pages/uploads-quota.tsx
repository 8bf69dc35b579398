// How much of YouTube's quota is taken, by bucket and day; and the projects that it is of.
import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api, versioned } from "../api/client";
import { nextSlotQuery, projectsQuery, quotaQuery } from "../api/uploads";
import type { Bucket, Channel, QuotaProject } from "../api/types";
import { dayName } from "../lib/days";
import { bucketNames, nearEnd } from "../lib/quota";
import { fullTime } from "../lib/time";
import { Bar, Button, Loaded, Section } from "../ui/basics";
import { ActForm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";

const DAYS = 3;

function BucketRow({ bucket, project }: { bucket: Bucket; project: QuotaProject }) {
  const name = bucketNames[bucket.scope] ?? bucket.scope;
  const full = bucket.used >= bucket.limit;
  const text = `${bucket.used.toLocaleString("en")} of ${bucket.limit.toLocaleString("en")}`;
  return (
    <li>
      <span className="bucket-name">{name}</span>
      <Bar label={`${name} of ${dayName(bucket.day)}`} value={bucket.used} most={bucket.limit} text={text}
        tone={full ? "bad" : nearEnd(bucket, project) ? "warn" : "good"} />
      <span className="counter">{text} <span className="muted">({bucket.spent} spent){full ? ", none left" : ""}</span></span>
    </li>
  );
}

const number = (text: string | undefined) => (text ? Number(text) : undefined);

function ProjectForm({ project, close }: { project: QuotaProject | null; close: () => void }) {
  const client = useQueryClient();
  const [profile, setProfile] = useState<QuotaProject["profile"]>(project?.profile ?? "current");
  return (
    <ActForm act={project ? "Save" : "Create"} onCancel={close} onDone={close} onSubmit={async (fields, key) => {
      const limits = { uploads: number(fields.uploads), searches: number(fields.searches), units: number(fields.units),
        warn_percent: number(fields.warn_percent) };
      const body = { profile, ...Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) };
      if (project) {
        const { etag } = await versioned(api.GET("/api/v1/quota-projects/{id}", { params: { path: { id: String(project.id) } } }));
        await answer(api.PATCH("/api/v1/quota-projects/{id}", { params: { path: { id: String(project.id) }, header: { "If-Match": etag } }, body }));
      } else {
        await answer(api.POST("/api/v1/quota-projects", { params: { header: { "Idempotency-Key": key } }, body: { name: fields.name!, ...body } }));
      }
      for (const word of ["quota", "uploads"]) void client.invalidateQueries({ queryKey: [word] });
      toast(project ? "Saved: in force at once." : "Created: name it in a channel’s settings.", { tone: "good" });
    }}>
      {!project && <Field label="Name" name="name" isRequired autoFocus maxLength={100} />}
      <input type="hidden" name="profile" value={profile} />
      <Select label="Profile" value={profile} onChange={(next) => setProfile(next as QuotaProject["profile"])}
        choices={[{ id: "current", text: "current: uploads and searches are counted by themselves" }, { id: "classic", text: "classic: all of it costs units" }]} />
      {profile === "current" && (
        <>
          <Field label="Uploads a day" name="uploads" type="number" min="0" defaultValue={String(project?.uploads ?? 100)} />
          <Field label="Searches a day" name="searches" type="number" min="0" defaultValue={String(project?.searches ?? 100)} />
        </>
      )}
      <Field label="Units a day" name="units" type="number" min="0" defaultValue={String(project?.units ?? 10000)} />
      <Field label="People are told from (percent)" name="warn_percent" type="number" min="1" max="100" defaultValue={String(project?.warn_percent ?? 80)} />
    </ActForm>
  );
}

export function ProjectDialog({ project, text }: { project: QuotaProject | null; text: string }) {
  return (
    <DialogBox title={project ? `Quota project ${project.name}` : "New quota project"} trigger={<Button small>{text}</Button>}>
      {(close) => <ProjectForm project={project} close={close} />}
    </DialogBox>
  );
}

export function NextFree({ channel, schedule }: { channel: Channel; schedule: (at: string) => void }) {
  const kinds = Object.keys(channel.limits);
  const next = useQueries({ queries: kinds.map((kind) => nextSlotQuery(channel.id, kind)) });
  return (
    <ul className="rows" aria-label="Next free slot of each kind">
      {kinds.map((kind, n) => (
        <li key={kind}>
          <span>Next free for {kind}</span>
          {next[n]?.data ? (
            <Button small onPress={() => schedule(next[n]!.data!.at)}>{fullTime(next[n]!.data!.at, channel.zone)}</Button>
          ) : (
            <span className="muted">{next[n]?.data === null ? `none in the next ${channel.horizon_days} days` : "…"}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

export function Quota({ channel, operates }: { channel: Channel; operates: boolean }) {
  const projects = useQuery(projectsQuery);
  const quota = useQuery(quotaQuery(channel.project_id, DAYS));
  const project = projects.data?.find((one) => one.id === channel.project_id);
  if (!project) return null;
  return (
    <Section title="Quota" actions={operates && (
      <div className="actions">
        <ProjectDialog project={project} text={`Change ${project.name}…`} />
        <ProjectDialog project={null} text="New quota project…" />
      </div>
    )}>
      <p className="muted">Of the project {project.name}. YouTube’s days end at midnight in Los Angeles (America/Los_Angeles).</p>
      <Loaded query={quota}>
        {({ buckets }) => (
          <ol className="quota">
            {[...new Set(buckets.map((one) => one.day))].map((day, n) => (
              <li key={day} className="card">
                <h3>{dayName(day)}{n === 0 && <span className="muted"> now</span>}</h3>
                <ul className="buckets">
                  {buckets.filter((one) => one.day === day).map((one) => <BucketRow key={one.scope} bucket={one} project={project} />)}
                </ul>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Section>
  );
}

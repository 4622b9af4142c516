{{/* Names and labels. A component is trainer, scores-api, viz or chatbot. */}}
{{- define "ntdemo.name" -}}
{{- if eq .Release.Name "ntdemo" }}ntdemo{{ else }}{{ printf "%s-ntdemo" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "ntdemo.selector" -}}
app.kubernetes.io/name: ntdemo
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "ntdemo.labels" -}}
{{ include "ntdemo.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "ntdemo.metadata" -}}
name: {{ include "ntdemo.name" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ntdemo.labels" . | nindent 2 }}
{{- end }}

{{- define "ntdemo.image" -}}
{{- $suffix := "" }}
{{- if and (eq .component "trainer") (ne .root.Values.gpu.mode "none") (or .gpu (eq .root.Values.trainer.executor "local")) }}{{ $suffix = .root.Values.gpu.tagSuffix }}{{ end -}}
{{ .root.Values.image.repository }}/{{ .component }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}{{ $suffix }}
{{- end }}

{{- define "ntdemo.claim" -}}
{{ .Values.state.existingClaim | default (printf "%s-state" (include "ntdemo.name" .)) }}
{{- end }}

{{- define "ntdemo.key" -}}
{{ .Values.trainer.apiKey.existingSecret | default (printf "%s-trainer-key" (include "ntdemo.name" .)) }}
{{- end }}

{{/* The key that every service takes, and shows to the others. */}}
{{- define "ntdemo.key-env" -}}
{{- if .Values.trainer.apiKey.enabled }}
env:
  - name: TRAINER_API_KEY
    valueFrom:
      secretKeyRef: {name: {{ include "ntdemo.key" . }}, key: TRAINER_API_KEY}
{{- end }}
{{- end }}

{{/* Labels of a component's pods. */}}
{{- define "ntdemo.pod-labels" -}}
{{ include "ntdemo.labels" . }}
{{- with .root.Values.pods.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* One pod is not written: whoever scaled a Deployment by hand, or an autoscaler that was switched off, owns that field. */}}
{{- define "ntdemo.replicas" -}}
{{- if and (not (dig "autoscaling" "enabled" false .)) (gt (int .replicas) 1) }}
replicas: {{ .replicas }}
{{- end }}
{{- end }}

{{/* A pod that is replaced goes on answering until nobody is sent to it any more. */}}
{{- define "ntdemo.draining" -}}
lifecycle:
  preStop:
    sleep: {seconds: 5}
{{- end }}

{{- define "ntdemo.spread" -}}
{{- if .root.Values.pods.topologySpread.enabled }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: {{ .root.Values.pods.topologySpread.topologyKey }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "ntdemo.selector" . | nindent 8 }}
{{- end }}
{{- end }}

{{/* The account of a trainer that makes Jobs. */}}
{{- define "ntdemo.trainer-account" -}}
{{ .Values.pods.serviceAccountName | default (printf "%s-trainer" (include "ntdemo.name" .)) }}
{{- end }}

{{/* What every pod says of itself: no token, but for a trainer that makes Jobs, no root, nothing writable but /tmp. */}}
{{- define "ntdemo.pod" -}}
{{- $asks := and (eq .component "trainer") (eq .root.Values.trainer.executor "kubernetes") }}
automountServiceAccountToken: {{ $asks }}
{{- with ternary (include "ntdemo.trainer-account" .root) .root.Values.pods.serviceAccountName $asks }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .root.Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ntdemo.container" -}}
image: {{ include "ntdemo.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "ntdemo.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  periodSeconds: 5
  timeoutSeconds: 4
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}

{{- define "ntdemo.placing" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Pods of this release that mount the store. */}}
{{- define "ntdemo.mounts-the-store" -}}
matchLabels:
  app.kubernetes.io/name: ntdemo
  app.kubernetes.io/instance: {{ .Release.Name }}
matchExpressions:
  - {key: app.kubernetes.io/component, operator: In, values: [trainer, scores-api, store-check, job]}
{{- end }}

{{/* A volume for one node only is mounted where others mount it. */}}
{{- define "ntdemo.beside-the-store" -}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          {{- include "ntdemo.mounts-the-store" . | nindent 10 }}
{{- end }}

{{/* Where readers of the store run. With a volume for one node only that is where others mount it, whatever that node is tainted
with; a pod that is the only one to mount it may go anywhere, so that nothing waits for a trainer that was scaled down. */}}
{{- define "ntdemo.reader-placing" -}}
{{- if eq .Values.state.accessMode "ReadWriteOnce" }}
{{ include "ntdemo.beside-the-store" . }}
{{- with .Values.scoresApi.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat .Values.scoresApi.tolerations .Values.trainer.tolerations | uniq }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- else }}
{{- include "ntdemo.placing" .Values.scoresApi }}
{{- end }}
{{- end }}

{{/* The trainer goes back where the store is mounted, if its own node selector lets it. */}}
{{- define "ntdemo.trainer-affinity" -}}
{{- if eq .Values.state.accessMode "ReadWriteOnce" }}
affinity:
  podAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            {{- include "ntdemo.mounts-the-store" . | nindent 12 }}
{{- end }}
{{- end }}

{{/* By which names the services are reached, and whether they ask for keys: they listen at every address of their pods. */}}
{{- define "ntdemo.doors" -}}
{{- $names := list }}
{{- range $component := list "trainer" "scores-api" "viz" "chatbot" }}
{{- $name := printf "%s-%s" (include "ntdemo.name" $) $component }}
{{- range $suffix := list "" (printf ".%s" $.Release.Namespace) (printf ".%s.svc" $.Release.Namespace) (printf ".%s.svc.cluster.local" $.Release.Namespace) }}
{{- $names = append $names (printf "%s%s" $name $suffix) }}
{{- end }}
{{- end }}
{{- range $host := .Values.ingress.hosts }}
{{- if $host }}{{ $names = append $names $host }}{{ end }}
{{- end }}
NTDEMO_ALLOWED_HOSTS: {{ join "," $names | quote }}
NTDEMO_ACCESS: {{ ternary "keys" "open" .Values.trainer.apiKey.enabled }}
{{- end }}

{{- define "ntdemo.config" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "ntdemo.metadata" . | nindent 2 }}
data:
  {{- $settings := merge (dict) .values.env .settings (include "ntdemo.doors" .root | fromYaml) (dict "NTDEMO_LOG_FORMAT" .root.Values.log.format "NTDEMO_LOG_LEVEL" .root.Values.log.level) }}
  {{- range $name, $value := $settings }}
  {{ $name }}: {{ $value | toString | quote }}
  {{- end }}
{{- end }}

{{- define "ntdemo.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "ntdemo.metadata" . | nindent 2 }}
spec:
  selector:
    {{- include "ntdemo.selector" . | nindent 4 }}
  ports:
    {{- range $name, $port := .ports }}
    - {name: {{ $name }}, port: {{ $port }}, targetPort: {{ $name }}, protocol: TCP}
    {{- end }}
  {{- if .sticky }}
  sessionAffinity: ClientIP
  {{- end }}
{{- end }}

{{- define "ntdemo.scaling" -}}
{{- if .values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "ntdemo.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "ntdemo.name" .root }}-{{ .component }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .values.autoscaling.targetCpuPercent }}}
{{- end }}
{{- end }}

{{- define "ntdemo.disruption" -}}
{{- if and .root.Values.podDisruptionBudget.enabled (or (dig "autoscaling" "enabled" false .values) (gt (int .values.replicas) 1)) }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "ntdemo.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "ntdemo.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{/* Ports of a component's pods for those named in `callers`, for people where `door` is set, and for Prometheus. */}}
{{- define "ntdemo.network" -}}
{{- if .root.Values.networkPolicy.enabled }}
{{- $root := .root }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "ntdemo.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "ntdemo.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- with .callers }}
    - from:
        {{- range . }}
        - podSelector:
            matchLabels:
              {{- include "ntdemo.selector" (dict "root" $root "component" .) | nindent 14 }}
        {{- end }}
      ports:
        {{- range $port := $.ports }}
        - {protocol: TCP, port: {{ $port }}}
        {{- end }}
    {{- end }}
    {{- if .door }}
    - ports:
        {{- range $port := .ports }}
        - {protocol: TCP, port: {{ $port }}}
        {{- end }}
      {{- with .root.Values.networkPolicy.from }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
    {{- if .root.Values.serviceMonitor.enabled }}
    - from:
        {{- toYaml .root.Values.serviceMonitor.from | nindent 8 }}
      ports:
        {{- range $port := .ports }}
        - {protocol: TCP, port: {{ $port }}}
        {{- end }}
    {{- end }}
    {{- with .ingress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  egress:
    {{- if or .callees .egress .dns }}
    - to:
        {{- toYaml .root.Values.networkPolicy.dns | nindent 8 }}
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
    {{- end }}
    {{- range $component, $port := .callees }}
    - to:
        - podSelector:
            matchLabels:
              {{- include "ntdemo.selector" (dict "root" $root "component" $component) | nindent 14 }}
      ports:
        - {protocol: TCP, port: {{ $port }}}
    {{- end }}
    {{- with .egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if not (or .callees .egress .dns) }} []{{- end }}
{{- end }}
{{- end }}

{{/* What the trainer and its jobs are told. */}}
{{- define "ntdemo.trainer-env" -}}
envFrom:
  - configMapRef: {name: {{ include "ntdemo.name" . }}-trainer}
  {{- with .Values.trainer.existingSecret }}
  - secretRef: {name: {{ . }}}
  {{- end }}
  {{- with .Values.trainer.database.existingSecret }}
  - secretRef: {name: {{ . }}}
  {{- end }}
{{- end }}

{{/* What they mount; `gpu`: and exchange numbers of GPUs by. */}}
{{- define "ntdemo.trainer-mounts" -}}
- {name: state, mountPath: /state}
- {name: tmp, mountPath: /tmp}
{{- if .gpu }}
- {name: shared-memory, mountPath: /dev/shm}
{{- end }}
{{- if .root.Values.trainer.dataClaim }}
- {name: data, mountPath: /data, readOnly: true}
{{- end }}
{{- end }}

{{- define "ntdemo.trainer-volumes" -}}
- name: state
  persistentVolumeClaim: {claimName: {{ include "ntdemo.claim" .root }}}
- name: tmp
  emptyDir: {sizeLimit: {{ .root.Values.trainer.scratch }}}
{{- if .gpu }}
- name: shared-memory  # NCCL's
  emptyDir: {medium: Memory, sizeLimit: {{ .root.Values.gpu.sharedMemory }}}
{{- end }}
{{- with .root.Values.trainer.dataClaim }}
- name: data
  persistentVolumeClaim: {claimName: {{ . }}, readOnly: true}
{{- end }}
{{- end }}

{{/* A pod with GPUs asks for them, in the cluster's way. */}}
{{- define "ntdemo.gpu-pod" -}}
{{- with .Values.gpu.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- if eq .Values.gpu.mode "dra" }}
resourceClaims:
  - name: gpus
    resourceClaimTemplateName: {{ include "ntdemo.name" . }}-gpus
{{- end }}
{{- end }}

{{/* And its container, with `resources`. */}}
{{- define "ntdemo.resources" -}}
requests:
  {{- toYaml .resources.requests | nindent 2 }}
limits:
  {{- toYaml .resources.limits | nindent 2 }}
  {{- if and .gpu (eq .root.Values.gpu.mode "devicePlugin") }}
  {{ .root.Values.gpu.resourceName }}: {{ .root.Values.gpu.count }}
  {{- end }}
{{- if and .gpu (eq .root.Values.gpu.mode "dra") }}
claims:
  - name: gpus
{{- end }}
{{- end }}

{{/* 3Gi in bytes. */}}
{{- define "ntdemo.bytes" -}}
{{- mul (regexFind "^[0-9]+" . | int64) (ternary 1073741824 1048576 (hasSuffix "Gi" .)) -}}
{{- end }}

{{/* 1500m in whole cores. */}}
{{- define "ntdemo.cores" -}}
{{- $text := toString . -}}
{{- if hasSuffix "m" $text }}{{ div (add (trimSuffix "m" $text | int64) 999) 1000 }}{{ else }}{{ max 1 ($text | int64) }}{{ end -}}
{{- end }}

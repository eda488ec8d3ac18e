/* The smallest host of QuickJS: runs scripts, one after the other, with print(); then says how much memory the process had at most. */
#include <stdio.h>
#include <stdlib.h>
#include "quickjs.h"

static JSValue print(JSContext *context, JSValueConst self, int count, JSValueConst *values) {
  for (int i = 0; i < count; i++) {
    const char *text = JS_ToCString(context, values[i]);
    printf("%s%s", i ? " " : "", text ? text : "?");
    JS_FreeCString(context, text);
  }
  printf("\n");
  return JS_UNDEFINED;
}

int main(int count, char **names) {
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *context = JS_NewContext(runtime);
  JSValue global = JS_GetGlobalObject(context);
  JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
  JS_FreeValue(context, global);
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(names[i], "rb");
    if (!file) return fprintf(stderr, "cannot read %s\n", names[i]), 1;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *text = malloc(length + 1);
    if (fread(text, 1, length, file) != (size_t)length) return 1;
    text[length] = 0;
    fclose(file);
    JSValue result = JS_Eval(context, text, length, names[i], JS_EVAL_TYPE_GLOBAL);
    free(text);
    if (JS_IsException(result)) {
      const char *message = JS_ToCString(context, JS_GetException(context));
      return fprintf(stderr, "%s: %s\n", names[i], message), 1;
    }
    JS_FreeValue(context, result);
    for (JSContext *job; JS_ExecutePendingJob(runtime, &job) > 0;) {}
  }
  /* Not getrusage: it counts what the process was before it began this program. */
  char line[256];
  long peak = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &peak);
  printf("peak %ld KB\n", peak);
  return 0;
}

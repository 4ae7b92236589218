"""How do I give somebody a task, see how far it is, and review what was labelled?"""

import os

from clarifai_http_annotations import Annotation, Client, Data, Status, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app,
TASK = os.environ.get("CLARIFAI_TASK_ID", "find-boats")  # a labelling task of it,
LABELLER = os.environ.get("CLARIFAI_LABELLER_ID", "jane")  # and one of its labellers


def show(step: str) -> None:
    for count in client.count_task_annotations(TASK, user_ids=LABELLER):
        print(f"{step:<10}{count.pending:>9}{count.awaiting_review:>11}{count.success:>6}")


pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
print(f"{'':<10}{'pending':>9}{'to review':>11}{'done':>6}")
with Client() if pat else Emulator().client() as client:
    task = Annotation.of(IMAGE, status="ANNOTATION_PENDING", task_id=TASK, user_id=LABELLER)
    [assigned] = client.create(task)
    show("assigned")

    assigned.data = Data(concepts=[positive("boat"), negative("person")])
    assigned.status = Status(code="ANNOTATION_AWAITING_REVIEW")
    [labelled] = client.patch(assigned)
    show("labelled")

    labelled.status = Status(code="ANNOTATION_SUCCESS")  # or "ANNOTATION_REVIEW_DENIED"
    client.patch(labelled)
    show("accepted")

    stored = client.get(labelled.id, input_id=IMAGE)
    print("labels ", ", ".join(f"{concept.id} {concept.value}" for _, concept in stored.each_concept()))
    print("workers", ", ".join(worker.user.id for worker in client.list_workers() if worker.user))
    client.delete(stored.id, input_id=IMAGE)  # so that this file can run again

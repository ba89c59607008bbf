#!/bin/sh
# Status of the Slurm job $1: running, success or failed. squeue still lists a job some minutes after its end; a
# controller that does not answer is asked again within seconds.
state=$(squeue --noheader --states=all --format=%T --jobs="$1" 2>&1)
case $state in
    COMPLETED) echo success ;;
    PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | STOPPED | REQUEUED | REQUEUE_* | SIGNALING | STAGE_OUT)
        echo running ;;
    *"Invalid job id"*) echo failed ;;
    *error*) echo running ;;
    *) echo failed ;;
esac
